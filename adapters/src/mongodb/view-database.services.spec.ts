import { randomUUID } from 'node:crypto';
import { viewDatabaseContract } from '@hindcast/domain/contracts';
import { describe, inject } from 'vitest';
import { createMongoClient } from './mongo-client.ts';
import { openMongoViews } from './view-database.ts';

const { mongodb } = inject('services');

describe.skipIf(!mongodb)('with a document store', () => {
  viewDatabaseContract('MongoDB', async () => {
    const client = createMongoClient(mongodb ?? '');
    const database = `views_${randomUUID()}`;
    const views = await openMongoViews({ server: { client }, database, now: () => 1_000 });
    return {
      views,
      async stop() {
        await views.stop();
        await client.db(database).dropDatabase();
        await client.close();
      },
    };
  });
});
