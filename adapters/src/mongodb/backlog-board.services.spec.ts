import { randomUUID } from 'node:crypto';
import type { BacklogBoard, PartitionBacklog } from '@hindcast/domain';
import { backlogBoardContract } from '@hindcast/domain/contracts';
import type { Db } from 'mongodb';
import { describe, expect, inject, it } from 'vitest';
import { openMongoBacklogBoard } from './backlog-board.ts';
import { createMongoClient, majority } from './mongo-client.ts';

const { mongodb } = inject('services');

const open = async (): Promise<{ db: Db; board: BacklogBoard; stop(): Promise<void> }> => {
  const client = createMongoClient(mongodb ?? '');
  const db = client.db(`board_${randomUUID()}`, majority);
  return {
    db,
    board: await openMongoBacklogBoard({ db }),
    async stop() {
      await db.dropDatabase();
      await client.close();
    },
  };
};
const using = async (test: (under: Awaited<ReturnType<typeof open>>) => Promise<void>) => {
  const under = await open();
  try {
    await test(under);
  } finally {
    await under.stop();
  }
};

const partition: PartitionBacklog = {
  logId: 'log-1',
  epoch: 0,
  partition: 3,
  next: 7,
  open: 1,
  doors: [{ door: 'd', open: 1 }],
  models: [],
  unlistedMax: 1,
};

describe.skipIf(!mongodb)('with a document store', () => {
  backlogBoardContract('MongoDB', open);

  it('is filled again after somebody has emptied it', () =>
    using(async ({ db, board }) => {
      await board.reportPartitions([partition]);
      await board.reportDoor({ door: 'd', beat: 1 });
      await db.collection('backlog_board').deleteMany({});
      expect(await board.read()).toEqual({ partitions: [], doors: [], workers: [] });
      await board.reportPartitions([partition]);
      await board.reportDoor({ door: 'd', beat: 2 });
      expect(await board.read()).toEqual({ partitions: [partition], doors: [{ door: 'd', beat: 2 }], workers: [] });
    }));

  it('lets the store forget members that say nothing, and never a partition, also when it was dropped', () =>
    using(async ({ db, board }) => {
      await db.collection('backlog_board').drop();
      await board.reportPartitions([partition]);
      await board.reportDoor({ door: 'd', beat: 1 });
      const indexes = await db.collection('backlog_board').indexes();
      const { key, expireAfterSeconds } = indexes.find(({ name }) => name === 'forget') ?? {};
      expect([key, Number(expireAfterSeconds)]).toEqual([{ at: 1 }, 600]);
      const stored = await db.collection('backlog_board').find().sort({ _id: 1 }).toArray();
      expect(stored.map(({ at }) => at instanceof Date)).toEqual([true, false]);
    }));
});
