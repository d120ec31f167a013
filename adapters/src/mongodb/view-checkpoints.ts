import type { Checkpoint } from '@hindcast/domain';
import { type Db, MongoServerError } from 'mongodb';
import { duplicateKey } from './mongo-client.ts';

export const checkpointsCollection = 'view_checkpoints';

interface StoredCheckpoint extends Checkpoint {
  readonly _id: string;
  readonly view: string;
}

export interface ViewCheckpoints {
  /** An older one of the same log is passed over. */
  save(checkpoint: Checkpoint): Promise<void>;
  all(): Promise<readonly Checkpoint[]>;
}

/** A refused upsert may have met another one that made the document; the second time it is an older one for certain. */
const savesMax = 2;

export const viewCheckpoints = (db: Db, view: string): ViewCheckpoints => {
  const collection = db.collection<StoredCheckpoint>(checkpointsCollection);

  /** An upsert that does not match finds the id taken: the refusal is the answer. */
  const swap = async ({ logId, epoch, partition, next }: Checkpoint): Promise<boolean> => {
    const older = [{ logId: { $ne: logId } }, { epoch: { $ne: epoch } }, { next: { $lt: next } }];
    try {
      await collection.updateOne(
        { _id: `${view}|${partition}`, $or: older },
        { $set: { view, partition, logId, epoch, next } },
        { upsert: true },
      );
      return true;
    } catch (error) {
      if (error instanceof MongoServerError && error.code === duplicateKey) return false;
      throw error;
    }
  };

  return {
    async save(checkpoint) {
      for (let tries = 0; tries < savesMax; tries += 1) if (await swap(checkpoint)) return;
    },
    async all() {
      const stored = await collection.find({ view }).sort({ partition: 1 }).toArray();
      return stored.map(({ logId, epoch, partition, next }) => ({ logId, epoch, partition, next }));
    },
  };
};
