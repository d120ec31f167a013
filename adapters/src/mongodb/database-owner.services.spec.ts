import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { claimDatabase } from './database-owner.ts';
import { createMongoClient, majority } from './mongo-client.ts';

const client = createMongoClient(String(inject('services').mongodb));
const db = client.db(`owner-${randomUUID().slice(0, 8)}`, majority);
afterAll(async () => {
  await db.dropDatabase();
  await client.close();
});

describe('a database', () => {
  it('is of the log that came first, and of no other', async () => {
    await Promise.all(Array.from({ length: 8 }, () => claimDatabase(db, { logId: 'a', epoch: 0 })));
    await claimDatabase(db, { logId: 'a', epoch: 0 });
    const refused = { code: 'foreign_log', message: expect.stringContaining('HINDCAST_DATABASE') };
    await expect(claimDatabase(db, { logId: 'b', epoch: 0 })).rejects.toMatchObject(refused);
    await expect(claimDatabase(db, { logId: 'a', epoch: 1 })).rejects.toMatchObject(refused);
  });
});
