import { LogError } from '@hindcast/domain';
import { type Db, MongoServerError } from 'mongodb';
import { duplicateKey } from './mongo-client.ts';

const collectionName = 'log_identity';

interface StoredOwner {
  readonly _id: 'log';
  readonly logId: string;
  readonly epoch: number;
}

/**
 * A database is of one log alone: the first process writes down of which, and those of another log are refused before they
 * read or write anything else in it. Rejects with `foreign_log`.
 */
export const claimDatabase = async (db: Db, { logId, epoch }: Omit<StoredOwner, '_id'>): Promise<void> => {
  const owners = db.collection<StoredOwner>(collectionName);
  try {
    await owners.updateOne({ _id: 'log' }, { $setOnInsert: { logId, epoch } }, { upsert: true });
  } catch (error) {
    // Of several that claim at once, one writes, and the others may hear that the id is taken.
    if (!(error instanceof MongoServerError && error.code === duplicateKey)) throw error;
  }
  const owner = await owners.findOne({ _id: 'log' });
  if (!owner || (owner.logId === logId && owner.epoch === epoch)) return;
  throw new LogError(
    'foreign_log',
    `The database ${db.databaseName} is of log ${owner.logId} epoch ${owner.epoch}, and Kafka has log ${logId} epoch ${epoch}. ` +
      'Name another database with HINDCAST_DATABASE: it is filled from the log. Where this log has taken the place of the ' +
      `other one for good, remove the document of ${collectionName} and rebuild the views.`,
  );
};
