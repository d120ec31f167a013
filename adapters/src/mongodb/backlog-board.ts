import type { BacklogBoard, DoorReport, PartitionBacklog, WorkerReport } from '@hindcast/domain';
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import { refusedUpserts } from './mongo-client.ts';

const collectionName = 'backlog_board';
/** What a process left behind that could not say goodbye is removed after this time. */
const memberSecondsMax = 600;
/** A refused upsert may have met another one that made the document; the second time it is a later one for certain. */
const savesMax = 2;

/** `at` is the time of the last word of a member, by the store's clock; a partition has none, for it does not end. */
interface Stored {
  readonly _id: string;
  readonly at?: Date;
  readonly partition?: PartitionBacklog;
  readonly door?: DoorReport;
  readonly worker?: WorkerReport;
}

/** The board in a collection of the database of the views. Acknowledged as the given database says. */
export const openMongoBacklogBoard = async ({ db }: { readonly db: Db }): Promise<BacklogBoard> => {
  const collection = db.collection<Stored>(collectionName);
  const forgetTheSilent = () =>
    collection.createIndex({ at: 1 }, { name: 'forget', expireAfterSeconds: memberSecondsMax });
  await forgetTheSilent();

  /** An upsert that does not match finds the id taken: the refusal is the answer. */
  const unlessOlder = (partition: PartitionBacklog): AnyBulkWriteOperation<Stored> => {
    const { logId, epoch, next } = partition;
    const notLater = [
      { 'partition.logId': { $ne: logId } },
      { 'partition.epoch': { $ne: epoch } },
      { 'partition.next': { $lte: next } },
    ];
    const filter = { _id: `partition|${partition.partition}`, $or: notLater };
    return { updateOne: { filter, update: { $set: { partition } }, upsert: true } };
  };
  const swap = (reports: readonly PartitionBacklog[]): Promise<ReadonlySet<number>> =>
    refusedUpserts(collection.bulkWrite(reports.map(unlessOlder), { ordered: false }));
  const tell = async (id: string, member: Pick<Stored, 'door' | 'worker'>): Promise<void> => {
    const change = { $set: member, $currentDate: { at: true } } as const;
    const { upsertedCount } = await collection.updateOne({ _id: id }, change, { upsert: true });
    // A new member may be the first one after somebody has dropped the collection, and its index with it.
    if (upsertedCount > 0) await forgetTheSilent();
  };
  const remove = async (id: string): Promise<void> => {
    await collection.deleteOne({ _id: id });
  };

  return {
    async reportPartitions(reports) {
      let left = reports;
      for (let tries = 0; tries < savesMax && left.length > 0; tries += 1) {
        const refused = await swap(left);
        left = left.filter((_, index) => refused.has(index));
      }
    },
    reportWorker: (worker) => tell(`worker|${worker.worker}`, { worker }),
    reportDoor: (door) => tell(`door|${door.door}`, { door }),
    removeWorker: (worker) => remove(`worker|${worker}`),
    removeDoor: (door) => remove(`door|${door}`),
    async read() {
      const stored = await collection.find().toArray();
      return {
        partitions: stored.flatMap(({ partition }) => partition ?? []),
        doors: stored.flatMap(({ door }) => door ?? []),
        workers: stored.flatMap(({ worker }) => worker ?? []),
      };
    },
  };
};
