import { describe, expect, it } from 'vitest';
import type { BacklogBoard, PartitionBacklog, WorkerReport } from '../backlog-board.ts';

export interface BacklogBoardUnderTest {
  readonly board: BacklogBoard;
  stop?(): Promise<void>;
}

const partitionAt = (next: number, told: Partial<PartitionBacklog> = {}): PartitionBacklog => ({
  logId: 'log-1',
  epoch: 0,
  partition: 0,
  next,
  open: 5,
  doors: [{ door: 'd-1', open: 5 }],
  models: [{ door: 'd-1', tenant: 't', model: 'a.$b', open: 5 }],
  unlistedMax: 0,
  ...told,
});
const worker = (told: Partial<WorkerReport> = {}): WorkerReport => ({
  worker: 'w-1',
  beat: 1,
  waits: [{ tenant: 't', model: 'a.$b', version: 3, ms: 12.5 }],
  knows: ['0'.repeat(64)],
  ...told,
});

/** Every adapter of `BacklogBoard` keeps these promises. */
export const backlogBoardContract = (name: string, open: () => Promise<BacklogBoardUnderTest>): void => {
  const using = async (test: (board: BacklogBoard) => Promise<void>) => {
    const under = await open();
    try {
      await test(under.board);
    } finally {
      await under.stop?.();
    }
  };

  describe(`backlog board: ${name}`, () => {
    it('is empty before anybody has reported', () =>
      using(async (board) => {
        await board.reportPartitions([]);
        expect(await board.read()).toEqual({ partitions: [], doors: [], workers: [] });
      }));

    it('gives back the last report of everybody, as it was', () =>
      using(async (board) => {
        await board.reportPartitions([partitionAt(9), partitionAt(4, { partition: 1, doors: [], models: [] })]);
        await board.reportWorker(worker());
        await board.reportWorker(worker({ worker: 'w-2', waits: [], knows: [] }));
        await board.reportDoor({ door: 'd-1', beat: 1 });
        const later = partitionAt(10, { open: 2, doors: [], models: [], unlistedMax: 1 });
        await board.reportPartitions([later]);
        await board.reportWorker(worker({ beat: 2, knows: [] }));
        await board.reportDoor({ door: 'd-1', beat: 2 });
        await board.reportDoor({ door: 'd-2', beat: 1, claimsAlone: true });
        const { partitions, doors, workers } = await board.read();
        expect([...partitions].sort((a, b) => a.partition - b.partition)).toEqual([
          later,
          partitionAt(4, { partition: 1, doors: [], models: [] }),
        ]);
        expect([...doors].sort((a, b) => (a.door < b.door ? -1 : 1))).toEqual([
          { door: 'd-1', beat: 2 },
          { door: 'd-2', beat: 1, claimsAlone: true },
        ]);
        expect([...workers].sort((a, b) => (a.worker < b.worker ? -1 : 1))).toEqual([
          worker({ beat: 2, knows: [] }),
          worker({ worker: 'w-2', waits: [], knows: [] }),
        ]);
      }));

    it('passes over what a keeper says that has been overtaken, and takes the rest of its report', () =>
      using(async (board) => {
        await board.reportPartitions([partitionAt(9), partitionAt(5, { partition: 1 })]);
        await board.reportPartitions([partitionAt(8, { open: 99 }), partitionAt(6, { partition: 1, open: 6 })]);
        const { partitions } = await board.read();
        expect(new Map(partitions.map(({ partition, next, open }) => [partition, [next, open]]))).toEqual(
          new Map([
            [0, [9, 5]],
            [1, [6, 6]],
          ]),
        );
      }));

    it('takes a report of the same place: something may have ended that the log does not tell yet', () =>
      using(async (board) => {
        await board.reportPartitions([partitionAt(9)]);
        await board.reportPartitions([partitionAt(9, { open: 3 })]);
        expect((await board.read()).partitions).toEqual([partitionAt(9, { open: 3 })]);
      }));

    it('takes a report of another log, or of another epoch, however short it is', () =>
      using(async (board) => {
        await board.reportPartitions([partitionAt(9)]);
        await board.reportPartitions([partitionAt(1, { epoch: 1 })]);
        expect((await board.read()).partitions).toEqual([partitionAt(1, { epoch: 1 })]);
        await board.reportPartitions([partitionAt(0, { logId: 'log-2' })]);
        expect((await board.read()).partitions).toEqual([partitionAt(0, { logId: 'log-2' })]);
      }));

    it('keeps the latest of the reports that come at once', () =>
      using(async (board) => {
        const places = Array.from({ length: 20 }, (_, i) => 20 - i);
        await Promise.all(places.map((next) => board.reportPartitions([partitionAt(next, { open: next })])));
        expect((await board.read()).partitions).toEqual([partitionAt(20, { open: 20 })]);
      }));

    it('forgets who leaves, and nobody else', () =>
      using(async (board) => {
        for (const one of ['1', '2']) {
          await board.reportWorker(worker({ worker: one }));
          await board.reportDoor({ door: one, beat: 1 });
        }
        await board.removeWorker('1');
        await board.removeDoor('2');
        await board.removeDoor('unknown');
        const { doors, workers } = await board.read();
        expect([doors, workers]).toEqual([[{ door: '1', beat: 1 }], [worker({ worker: '2' })]]);
      }));
  });
};
