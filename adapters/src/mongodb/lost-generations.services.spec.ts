import { randomUUID } from 'node:crypto';
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
});
