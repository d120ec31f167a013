import { randomUUID } from 'node:crypto';
import { afterAll, beforeEach, describe, expect, inject, it } from 'vitest';
import { claimDatabase, holdDatabase, refuseOtherOwner } from './database-owner.ts';
import { createMongoClient, majority } from './mongo-client.ts';

const client = createMongoClient(String(inject('services').mongodb));
const db = client.db(`owner-${randomUUID().slice(0, 8)}`, majority);
afterAll(async () => {
  await db.dropDatabase();
  await client.close();
});

const isKept = async ({ lost }: { readonly lost: Promise<unknown> }): Promise<void> =>
  expect(await Promise.race([lost, 'kept'])).toBe('kept');

describe('a database', () => {
  it('is of the log that came first, and of no other', async () => {
    await Promise.all(Array.from({ length: 8 }, () => claimDatabase(db, { logId: 'a', epoch: 0 })));
    await claimDatabase(db, { logId: 'a', epoch: 0 });
    const refused = { code: 'foreign_log', message: expect.stringContaining('HINDCAST_DATABASE') };
    await expect(claimDatabase(db, { logId: 'b', epoch: 0 })).rejects.toMatchObject(refused);
    await expect(claimDatabase(db, { logId: 'a', epoch: 1 })).rejects.toMatchObject(refused);
    await expect(refuseOtherOwner(db, { logId: 'b', epoch: 0 })).rejects.toMatchObject(refused);
    await refuseOtherOwner(db, { logId: 'a', epoch: 0 });
  });

  it('that is emptied is claimed again by those who use it', async () => {
    await db.dropDatabase();
    const held = await holdDatabase(db, { logId: 'a', epoch: 0 }, 20);
    await db.dropDatabase();
    await expect
      .poll(() => refuseOtherOwner(db, { logId: 'b', epoch: 0 }).catch(({ code }: { code: string }) => code))
      .toBe('foreign_log');
    await isKept(held);
    await held.stop();
  });

  it('that is away is still of its log', async () => {
    const away = createMongoClient('mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=50');
    await db.dropDatabase();
    let at = db;
    const moving = new Proxy(db, { get: (_, name) => Reflect.get(at, name, at) });
    const held = await holdDatabase(moving, { logId: 'a', epoch: 0 }, 20);
    at = away.db(db.databaseName);
    await new Promise((resolve) => setTimeout(resolve, 300));
    await isKept(held);
    await held.stop();
    await away.close();
  });

  it('that another log has taken meanwhile is no longer good', async () => {
    await db.dropDatabase();
    const held = await holdDatabase(db, { logId: 'a', epoch: 0 }, 20);
    await db.collection('log_identity').updateOne({ logId: 'a' }, { $set: { logId: 'b' } });
    expect(await held.lost).toMatchObject({ code: 'foreign_log' });
    await held.stop();
  });

  describe('of a log that has another one', () => {
    const other = client.db(`${db.databaseName}-other`, majority);
    const log = { logId: randomUUID(), epoch: 0 };
    const refused = {
      code: 'foreign_log',
      message: expect.stringMatching(/in the database owner-\S+, and HINDCAST_DATABASE says owner-\S+-other/),
    };
    beforeEach(() => Promise.all([db.dropDatabase(), other.dropDatabase()]));
    afterAll(() => other.dropDatabase());

    it('is refused, and stays as it was, until the log has left the other one', async () => {
      await claimDatabase(db, log);
      await expect(claimDatabase(other, log)).rejects.toMatchObject(refused);
      await expect(refuseOtherOwner(other, log)).rejects.toMatchObject(refused);
      expect(await other.listCollections().toArray()).toEqual([]);
      await claimDatabase(other, { ...log, epoch: 1 });
      await other.dropDatabase();
      await db.collection('log_identity').deleteMany({});
      await claimDatabase(other, log);
    });

    it('is claimed by one alone of many that come at once, or by none', async () => {
      const outcomes = await Promise.allSettled([db, other, db, other].map((one) => claimDatabase(one, log)));
      const claimed = await Promise.all([db, other].map((one) => one.collection('log_identity').countDocuments()));
      expect(claimed.reduce((all, one) => all + one)).toBeLessThan(2);
      expect(outcomes.some(({ status }) => status === 'rejected')).toBe(true);
      await claimDatabase(claimed[1] ? other : db, log);
    });

    it('is refused where it is a copy, which keeps nobody from the one that was copied', async () => {
      await claimDatabase(db, log);
      await other.collection('log_identity').insertMany(await db.collection('log_identity').find().toArray());
      await expect(claimDatabase(other, log)).rejects.toMatchObject(refused);
      await db.collection('log_identity').deleteMany({});
      await claimDatabase(db, log);
      await db.dropDatabase();
      await claimDatabase(other, log);
      await expect(claimDatabase(db, log)).rejects.toMatchObject({ code: 'foreign_log' });
    });

    it('as an earlier version left it, without its name, gets it; and a copy of then counts for nothing', async () => {
      for (const one of [db, other])
        await one.collection<typeof log & { _id: string }>('log_identity').insertOne({ _id: 'log', ...log });
      await claimDatabase(db, log);
      await expect(claimDatabase(other, log)).rejects.toMatchObject(refused);
      // What was emptied comes back without a step by hand, though the copy is still there.
      await db.dropDatabase();
      await claimDatabase(db, log);
      expect(await db.collection('log_identity').findOne()).toMatchObject({ ...log, database: db.databaseName });
    });
  });

  it('is claimed by nobody who only looks', async () => {
    await db.dropDatabase();
    await refuseOtherOwner(db, { logId: 'a', epoch: 0 });
    await claimDatabase(db, { logId: 'b', epoch: 0 });
  });
});
