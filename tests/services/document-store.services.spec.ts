import { type Collection, MongoBulkWriteError, MongoClient } from 'mongodb';
import { describe, expect, inject, it } from 'vitest';
import { startDocumentStore } from './document-store.ts';

const { mongodb: shared } = inject('services');

interface Counter {
  readonly _id: string;
  readonly pos: number;
}

const withCounters = async (url: string, use: (counters: Collection<Counter>) => Promise<void>) => {
  const client = new MongoClient(url, { writeConcern: { w: 'majority' } });
  try {
    const database = client.db(`services_${process.pid}`);
    await use(database.collection<Counter>('counters'));
    await database.dropDatabase();
  } finally {
    await client.close();
  }
};

describe.skipIf(!shared)('Document store', () => {
  it('lets one of many writers win a compare-and-swap', () =>
    withCounters(shared ?? '', async (counters) => {
      await counters.insertOne({ _id: 'raced', pos: 1 });
      const writers = Array.from({ length: 100 }, (_, index) =>
        counters.replaceOne({ _id: 'raced', pos: 1 }, { pos: index + 2 }),
      );
      const swapped = (await Promise.all(writers)).map((outcome) => outcome.modifiedCount);
      expect(swapped.filter((count) => count === 1)).toHaveLength(1);
    }));

  it('names the operation of an unordered bulk that met an existing id, and does the others', () =>
    withCounters(shared ?? '', async (counters) => {
      await counters.insertOne({ _id: 'there', pos: 1 });
      const bulk = counters.bulkWrite(
        [
          { insertOne: { document: { _id: 'first', pos: 1 } } },
          { insertOne: { document: { _id: 'there', pos: 2 } } },
          { insertOne: { document: { _id: 'last', pos: 1 } } },
        ],
        { ordered: false },
      );
      const error = await bulk.catch((refusal: unknown) => refusal);
      if (!(error instanceof MongoBulkWriteError)) throw new Error('The bulk was not refused.');
      const errors = [error.writeErrors].flat().map(({ code, index }) => ({ code, index }));
      expect(errors).toEqual([{ code: 11_000, index: 1 }]);
      expect(await counters.countDocuments()).toBe(3);
      expect((await counters.findOne({ _id: 'there' }))?.pos).toBe(1);
    }));

  it('has every acknowledged write after kill -9 and a restart', async () => {
    const store = await startDocumentStore({ killable: true });
    try {
      await withCounters(store.url, async (counters) => {
        const acknowledged: string[] = [];
        const write = async (index: number) => {
          const _id = `write-${index}`;
          await counters.insertOne({ _id, pos: index });
          acknowledged.push(_id);
        };
        const writing = Promise.allSettled(Array.from({ length: 500 }, (_, index) => write(index)));
        await write(500);
        await store.kill();
        await store.restart();
        await writing;
        const held = new Set((await counters.find().toArray()).map(({ _id }) => _id));
        expect(acknowledged.length).toBeGreaterThan(0);
        expect(acknowledged.filter((id) => !held.has(id))).toEqual([]);
      });
    } finally {
      await store.stop();
    }
  });
});
