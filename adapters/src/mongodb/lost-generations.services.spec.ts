import { randomUUID } from 'node:crypto';
import { formerQualityViewNames, qualityViewName } from '@hindcast/domain';
import { predictionDoc } from '@hindcast/domain/contracts';
import { describe, expect, inject, it } from 'vitest';
import { createMongoClient } from './mongo-client.ts';
import { openMongoViews } from './view-database.ts';

const { mongodb } = inject('services');
const projection = 'prediction-status';

describe.skipIf(!mongodb)('a store that an older program filled', () => {
  it('keeps its views, with an empty one in the place of that which is folded in another way since', async () => {
    const client = createMongoClient(mongodb ?? '');
    const database = `views_${randomUUID()}`;
    const db = client.db(database);
    const [renewed, [former = '']] = [qualityViewName(1), formerQualityViewNames(1)];
    const open = () => openMongoViews({ server: { client }, database, now: Date.now });
    try {
      const older = await open();
      await older.statusStore(1).save([{ doc: predictionDoc('a', 1), base: undefined }]);
      const checkpoint = { logId: 'log-1', epoch: 0, partition: 0, next: 2 };
      for (const store of [older.statusStore(1), older.qualityStore(1)]) await store.save([], checkpoint);
      await db.renameCollection(renewed, former);
      const marks = db.collection<{ _id: string; view?: string }>('view_checkpoints');
      for (const stored of await marks.find().toArray()) {
        if (!stored._id.startsWith(renewed)) continue;
        await marks.deleteOne({ _id: stored._id });
        const view = stored.view && { view: former };
        await marks.insertOne({ ...stored, ...view, _id: stored._id.replace(renewed, former) });
      }
      const views = await open();
      await views.handOver.beat({ id: 'a', beat: 1, stopped: [] });
      expect(await views.reader.prediction('t/a')).toEqual(predictionDoc('a', 1));
      expect(await views.statusStore(1).checkpoints()).toEqual([checkpoint]);
      expect(await views.qualityStore(1).checkpoints()).toEqual([]);
      // What is lost of the new one is not taken for one that was never there.
      await db.collection(renewed).deleteMany({});
      const again = await open();
      await again.handOver.beat({ id: 'b', beat: 1, stopped: [] });
      expect((await again.generations()).find((one) => one.projection === projection)).toBeUndefined();
      expect(await db.listCollections({ name: former }).toArray()).toEqual([]);
    } finally {
      await client.db(database).dropDatabase();
      await client.close();
    }
  });
});

describe.skipIf(!mongodb)('a store that was emptied', () => {
  it('gives no number of a generation again, whoever in the process finds first that it is empty', async () => {
    const client = createMongoClient(mongodb ?? '');
    const database = `views_${randomUUID()}`;
    const views = await openMongoViews({ server: { client }, database, now: Date.now });
    try {
      const { generation } = await views.create(projection);
      await client.db(database).dropDatabase();
      await expect(views.generations()).rejects.toThrow('has lost its views');
      await views.handOver.beat({ id: 'a', beat: 1, stopped: [] });
      expect((await views.create(projection)).generation).toBeGreaterThan(generation);
    } finally {
      await client.db(database).dropDatabase();
      await client.close();
    }
  });

  it('takes nothing for a document that was begun after a collection was emptied, in the middle of its history', async () => {
    const client = createMongoClient(mongodb ?? '');
    const database = `views_${randomUUID()}`;
    const views = await openMongoViews({ server: { client }, database, now: Date.now });
    try {
      const store = views.statusStore(1);
      await store.save([{ doc: predictionDoc('a', 1), base: undefined }]);
      expect(await views.reader.prediction('t/a')).toEqual(predictionDoc('a', 1));
      await client.db(database).collection('prediction_status_v1').deleteMany({});
      // One who folds on, and had looked for the document before.
      await store.save([{ doc: predictionDoc('a', 5), base: undefined }]);
      await expect(views.reader.prediction('t/a')).rejects.toThrow('brought back from the log');
      await expect(store.load(['t/a', 't/b'])).rejects.toThrow('has lost a part');
    } finally {
      await views.stop();
      await client.db(database).dropDatabase();
      await client.close();
    }
  });
});
