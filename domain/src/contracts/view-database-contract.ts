import { describe, expect, it } from 'vitest';
import { noLabels } from '../evolve-labels.ts';
import { docsIn } from '../testing/docs-in.ts';
import type { Checkpoint, LabelsDoc, ViewDatabase } from '../view-store.ts';
import { endedDoc, predictionDoc, requestedDoc } from './sample-documents.ts';
import { viewQueryContract } from './view-database-query-contract.ts';
import { viewHandOverContract } from './view-hand-over-contract.ts';

export interface ViewDatabaseUnderTest {
  readonly views: ViewDatabase;
  stop?(): Promise<void>;
}

const checkpoint = (next: number, logId = 'log-1', partition = 3): Checkpoint => ({ logId, epoch: 0, partition, next });

/** Every adapter of `ViewDatabase` keeps these promises. `open` makes an empty database. */
export const viewDatabaseContract = (name: string, open: () => Promise<ViewDatabaseUnderTest>): void => {
  const using = async (test: (views: ViewDatabase) => Promise<void>) => {
    const { views, stop } = await open();
    try {
      await test(views);
    } finally {
      await stop?.();
    }
  };

  describe(`view database: ${name}`, () => {
    it('loads what was saved, as it was saved', () =>
      using(async (views) => {
        const store = views.statusStore(1);
        const docs = [
          predictionDoc('a', 1),
          endedDoc('ü/"b"', 5, { text: 'ß\u0000\n', deep: [[1, null], { x: 1e-9 }] }),
        ];
        const parked = { ...predictionDoc('c', 9), parked: { offset: 9, detail: 'no' } };
        expect(await store.save([...docs, parked].map((doc) => ({ doc, base: undefined })))).toEqual([]);
        const loaded = await store.load(['t/a', 't/ü/"b"', 't/c', 't/unknown']);
        expect([...loaded.keys()].sort()).toEqual(['t/a', 't/c', 't/ü/"b"']);
        expect(loaded.get('t/a')).toEqual(docs[0]);
        expect(loaded.get('t/ü/"b"')).toEqual(docs[1]);
        expect(loaded.get('t/c')).toEqual(parked);
        expect(await store.load([])).toEqual(new Map());
      }));

    it('writes a document only over the base that its fold started from, each on its own', () =>
      using(async (views) => {
        const store = views.statusStore(1);
        await store.save([{ doc: predictionDoc('a', 1), base: undefined }]);
        const lost = await store.save([
          { doc: predictionDoc('a', 5), base: undefined },
          { doc: predictionDoc('b', 6), base: 2 },
          { doc: predictionDoc('c', 7), base: undefined },
        ]);
        expect([...lost].sort()).toEqual(['t/a', 't/b']);
        expect(await store.save([{ doc: predictionDoc('a', 8), base: 0 }])).toEqual(['t/a']);
        expect(await store.save([{ doc: predictionDoc('a', 8), base: 1 }])).toEqual([]);
        const loaded = await store.load(['t/a', 't/b', 't/c']);
        expect([...loaded.values()].map(({ key, pos }) => [key, pos]).sort()).toEqual([
          ['t/a', 8],
          ['t/c', 7],
        ]);
      }));

    it('gives a contested document to one of those who save at once', () =>
      using(async (views) => {
        const store = views.statusStore(1);
        const saves = [11, 12, 13, 14].map((pos) => store.save([{ doc: predictionDoc('a', pos), base: undefined }]));
        const lost = (await Promise.all(saves)).map((keys) => keys.length);
        expect(lost.filter((count) => count === 0)).toHaveLength(1);
      }));

    it('stores the checkpoint only when no document was lost', () =>
      using(async (views) => {
        const store = views.statusStore(1);
        await store.save([{ doc: predictionDoc('a', 1), base: undefined }], checkpoint(2));
        expect(await store.checkpoints()).toEqual([checkpoint(2)]);
        await store.save([{ doc: predictionDoc('a', 3), base: undefined }], checkpoint(4));
        expect(await store.checkpoints()).toEqual([checkpoint(2)]);
        await store.save([], checkpoint(4));
        expect(await views.reader.checkpoints('prediction-status')).toEqual([checkpoint(4)]);
      }));

    it('keeps a checkpoint per partition that never moves back within one log', () =>
      using(async (views) => {
        const store = views.modelStore(1);
        await store.save([], checkpoint(9));
        await store.save([], checkpoint(5, 'log-1', 4));
        await store.save([], checkpoint(7));
        expect(await store.checkpoints()).toEqual([checkpoint(9), checkpoint(5, 'log-1', 4)]);
        await store.save([], checkpoint(1, 'log-2'));
        expect(await views.reader.checkpoints('models')).toEqual([checkpoint(1, 'log-2'), checkpoint(5, 'log-1', 4)]);
      }));

    it('keeps the checkpoints of the status view apart from those of its statistics', () =>
      using(async (views) => {
        await views.statusStore(1).save([], checkpoint(9));
        expect(await views.statsStore(1).checkpoints()).toEqual([]);
      }));

    it('scans all documents in key order', () =>
      using(async (views) => {
        const store = views.statusStore(1);
        const some = Array.from({ length: 1_234 }, (_, i) => String((i * 7) % 1_234).padStart(4, '0'));
        const ids = [...some, '\u{1f642}', '\uffee', 'é'];
        await store.save(ids.map((id, i) => ({ doc: predictionDoc(id, i), base: undefined })));
        const scanned = (await docsIn(store)).map(({ id }) => id);
        expect(scanned).toEqual(ids.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b))));
      }));

    it('keeps documents apart whose keys differ behind a NUL', () =>
      using(async (views) => {
        const docOf = (address: string, pos: number): LabelsDoc => ({
          ...{ key: `t/${address}`, tenant: 't', address, epoch: 0, partition: 3, pos, state: noLabels },
        });
        const store = views.labelsStore(1);
        const addresses = ['@reference:a', '@reference:a\u0000b', '@reference:a\u0000c'];
        const save = (pos: number, base: number | undefined) =>
          store.save(addresses.map((address) => ({ doc: docOf(address, pos), base })));
        expect(await save(1, undefined)).toEqual([]);
        expect(await docsIn(store)).toEqual(addresses.map((address) => docOf(address, 1)));
        expect(await save(2, 1)).toEqual([]);
        expect(await docsIn(store)).toEqual(addresses.map((address) => docOf(address, 2)));
        expect((await store.load(addresses.map((address) => `t/${address}`))).size).toBe(3);
      }));

    it('tells how documents are stored only so that those are equal which are stored alike', () =>
      using(async (views) => {
        const variants = [
          requestedDoc('a', 4, 1_000),
          requestedDoc('a', 4, 2_000),
          requestedDoc('a', 4, 1_000, { entity: 'anna' }),
          requestedDoc('a', 5, 1_000),
          endedDoc('a', 4),
          endedDoc('a', 4, { probability: 0.5 }),
          { ...endedDoc('a', 4), parked: { offset: 5, detail: 'broken' } },
          { ...endedDoc('a', 4), epoch: 1 },
        ];
        const stored: unknown[] = [];
        for (const doc of variants) {
          const { generation } = await views.create('prediction-status');
          const store = views.statusStore(generation);
          await store.save([{ doc, base: undefined }]);
          for await (const page of store.scan()) stored.push(...page.map((scanned) => scanned.stored ?? scanned.doc()));
        }
        expect(new Set(stored.map((one) => JSON.stringify(one))).size).toBe(variants.length);
      }));

    it('fills a generation beside the live one, swaps, undoes and drops', () =>
      using(async (views) => {
        await views.statusStore(1).save([{ doc: predictionDoc('a', 1), base: undefined }], checkpoint(2));
        const second = await views.create('prediction-status');
        expect(second).toMatchObject({ projection: 'prediction-status', generation: 2, state: 'building' });
        await views.statusStore(2).save([{ doc: predictionDoc('a', 4), base: undefined }], checkpoint(5));
        expect((await views.reader.prediction('t/a'))?.pos).toBe(1);
        await views.promote('prediction-status', 2);
        expect((await views.reader.prediction('t/a'))?.pos).toBe(4);
        expect(await views.reader.checkpoints('prediction-status')).toEqual([checkpoint(5)]);
        expect(await statesOf(views)).toEqual(['1:previous', '2:live']);
        await expect(views.drop('prediction-status', 2)).rejects.toThrow(/live/);
        await views.promote('prediction-status', 1);
        expect((await views.reader.prediction('t/a'))?.pos).toBe(1);
        await views.drop('prediction-status', 2);
        expect(await statesOf(views)).toEqual(['1:live']);
        await expect(views.promote('prediction-status', 2)).rejects.toThrow(/no generation 2/);
        expect((await views.generations()).filter(({ projection }) => projection === 'models')).toHaveLength(1);
      }));

    it('gives the number of a dropped generation to no other one, and starts each empty', () =>
      using(async (views) => {
        const { generation } = await views.create('prediction-status');
        const doc = requestedDoc('a', 4, 1_000);
        await views.statusStore(generation).save([{ doc, base: undefined }], checkpoint(5));
        await views.drop('prediction-status', generation);
        const again = await views.create('prediction-status');
        expect(again.generation).toBeGreaterThan(generation);
        expect((await views.statusStore(again.generation).load(['t/a'])).size).toBe(0);
        expect(await views.statusStore(again.generation).checkpoints()).toEqual([]);
      }));
  });

  viewQueryContract(name, using);
  viewHandOverContract(name, using);
};

const statesOf = async (views: ViewDatabase): Promise<string[]> =>
  (await views.generations())
    .filter(({ projection }) => projection === 'prediction-status')
    .map(({ generation, state }) => `${generation}:${state}`);
