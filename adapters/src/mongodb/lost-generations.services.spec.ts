import { randomUUID } from 'node:crypto';
import { predictionDoc } from '@hindcast/domain/contracts';
import { describe, expect, inject, it } from 'vitest';
import { createMongoClient } from './mongo-client.ts';
import { openMongoViews } from './view-database.ts';

const { mongodb } = inject('services');
const projection = 'prediction-status';

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
