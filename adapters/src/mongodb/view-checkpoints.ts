import type { Checkpoint } from '@hindcast/domain';
import type { AnyBulkWriteOperation, Db } from 'mongodb';
import { gatheredWrites } from './gathered-writes.ts';
import { refusedUpserts } from './mongo-client.ts';

export const checkpointsCollection = 'view_checkpoints';

interface StoredCheckpoint extends Checkpoint {
  readonly _id: string;
  readonly view: string;
}

/** Of all views and generations of a database. */
export interface ViewCheckpoints {
  /** An older one of the same log is passed over. */
  save(view: string, checkpoint: Checkpoint): Promise<void>;
  all(view: string): Promise<readonly Checkpoint[]>;
}

/** A refused upsert may have met another one that made the document; the second time it is an older one for certain. */
const savesMax = 2;
const togetherMax = 500;

interface Save {
  readonly view: string;
  readonly checkpoint: Checkpoint;
}

/** An upsert that does not match finds the id taken: the refusal is the answer. */
const unlessOlder = ({ view, checkpoint }: Save): AnyBulkWriteOperation<StoredCheckpoint> => {
  const { logId, epoch, partition, next } = checkpoint;
  const older = [{ logId: { $ne: logId } }, { epoch: { $ne: epoch } }, { next: { $lt: next } }];
  const filter = { _id: `${view}|${partition}`, $or: older };
  return { updateOne: { filter, update: { $set: { view, partition, logId, epoch, next } }, upsert: true } };
};

export const viewCheckpoints = (db: Db): ViewCheckpoints => {
  const collection = db.collection<StoredCheckpoint>(checkpointsCollection);

  const swapAll = async (saves: readonly Save[]): Promise<readonly boolean[]> => {
    const refused = await refusedUpserts(collection.bulkWrite(saves.map(unlessOlder), { ordered: false }));
    return saves.map((_, at) => !refused.has(at));
  };
  const swap = gatheredWrites(swapAll, togetherMax);

  return {
    async save(view, checkpoint) {
      for (let tries = 0; tries < savesMax; tries += 1) if (await swap({ view, checkpoint })) return;
    },
    async all(view) {
      const stored = await collection.find({ view }).sort({ partition: 1 }).toArray();
      return stored.map(({ logId, epoch, partition, next }) => ({ logId, epoch, partition, next }));
    },
  };
};
