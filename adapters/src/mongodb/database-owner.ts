import { LogError, type Logger } from '@hindcast/domain';
import { type Db, MongoServerError } from 'mongodb';
import { duplicateKey } from './mongo-client.ts';

const collectionName = 'log_identity';

/** What tells one log from another. */
export interface LogName {
  readonly logId: string;
  readonly epoch: number;
}

interface StoredOwner extends LogName {
  readonly _id: 'log';
}

/** An emptied database has no owner: until those who use it have claimed it again, it could be taken for a new one. */
const claimEveryMs = 2_000;

/**
 * A database is of one log alone: the first process writes down of which, and those of another log are refused before they
 * read or write anything else in it. Rejects with `foreign_log`.
 */
export const claimDatabase = async (db: Db, { logId, epoch }: LogName): Promise<void> => {
  const owners = db.collection<StoredOwner>(collectionName);
  try {
    // Mostly it is claimed, and a read tells.
    if ((await owners.findOne({ _id: 'log' })) === null)
      await owners.updateOne({ _id: 'log' }, { $setOnInsert: { logId, epoch } }, { upsert: true });
  } catch (error) {
    // Of several that claim at once, one writes, and the others may hear that the id is taken.
    if (!(error instanceof MongoServerError && error.code === duplicateKey)) throw error;
  }
  await refuseOtherOwner(db, { logId, epoch });
};

/** Rejects with `foreign_log` where the database is of another log, and writes nothing. */
export const refuseOtherOwner = async (db: Db, { logId, epoch }: LogName): Promise<void> => {
  const owner = await db.collection<StoredOwner>(collectionName).findOne({ _id: 'log' });
  if (!owner || (owner.logId === logId && owner.epoch === epoch)) return;
  throw new LogError(
    'foreign_log',
    `The database ${db.databaseName} is of log ${owner.logId} epoch ${owner.epoch}, and this is log ${logId} epoch ${epoch}. ` +
      'Name another database with HINDCAST_DATABASE: it is filled from the log. Where this log has taken the place of the ' +
      `other one for good, remove the document of ${collectionName} and rebuild the views.`,
  );
};

/**
 * Claims the database, and sees to it that it stays claimed. `check` rejects once another log has it, and asks nobody: a
 * store that is away is told of by those who need it.
 */
export const holdDatabase = async (
  db: Db,
  name: LogName,
  { logger, everyMs = claimEveryMs }: { readonly logger?: Logger | undefined; readonly everyMs?: number } = {},
): Promise<{ check(): Promise<void>; stop(): Promise<void> }> => {
  let lost: LogError | undefined;
  let claiming: Promise<void> | undefined;
  const claim = async (): Promise<void> => {
    try {
      await claimDatabase(db, name);
      lost = undefined;
    } catch (error) {
      if (!(error instanceof LogError)) return;
      if (!lost) logger?.error({ err: error }, 'The database has come to be of another log.');
      lost = error;
    }
  };
  await claimDatabase(db, name);
  const timer = setInterval(() => {
    claiming ??= claim().finally(() => {
      claiming = undefined;
    });
  }, everyMs);
  timer.unref();
  return {
    async check() {
      if (lost) throw lost;
    },
    async stop() {
      clearInterval(timer);
      await claiming;
    },
  };
};
