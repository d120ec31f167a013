import {
  type BacklogBoard,
  type DoorReport,
  isLaterReport,
  type PartitionBacklog,
  type WorkerReport,
} from '../backlog-board.ts';

/** A board within one process. */
export const createMemoryBacklogBoard = (): BacklogBoard => {
  const partitions = new Map<number, PartitionBacklog>();
  const doors = new Map<string, DoorReport>();
  const workers = new Map<string, WorkerReport>();
  return {
    async reportPartitions(reports) {
      for (const report of reports) {
        if (isLaterReport(report, partitions.get(report.partition))) partitions.set(report.partition, report);
      }
    },
    async reportWorker(report) {
      workers.set(report.worker, report);
    },
    async reportDoor(report) {
      doors.set(report.door, report);
    },
    async removeWorker(worker) {
      workers.delete(worker);
    },
    async removeDoor(door) {
      doors.delete(door);
    },
    read: async () => ({
      partitions: [...partitions.values()],
      doors: [...doors.values()],
      workers: [...workers.values()],
    }),
  };
};
