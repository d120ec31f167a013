import { LogError } from '@hindcast/domain';
import { type Collection, type Db, MongoServerError } from 'mongodb';
import { duplicateKey, majority } from './mongo-client.ts';

const collectionName = 'log_identity';

/** What tells one log from another. */
export interface LogName {
  readonly logId: string;
  readonly epoch: number;
}

interface StoredOwner extends LogName {
  readonly _id: 'log';
  /** Where it was claimed: under another name it is a copy. Earlier versions did not write it, so that the next claim does. */
  readonly database?: string;
}

/** An emptied database has no owner: until those who use it have claimed it again, it could be taken for a new one. */
const claimEveryMs = 2_000;
const databasesAtOnce = 16;
/** How MongoDB, and Atlas, number that this user may not look there; what else speaks their protocol has words. */
const refusals: ReadonlySet<unknown> = new Set([13, 8000]);
const refusalWords = /not (?:authorized|allowed)/i;
/** Those of MongoDB itself. */
const system: ReadonlySet<string> = new Set(['admin', 'config', 'local']);

/** A secondary, which the URI may prefer, may not know yet what was written. */
const fromPrimary = { readPreference: 'primary' } as const;
const ownersIn = (db: Db): Collection<StoredOwner> => db.collection<StoredOwner>(collectionName, fromPrimary);
const isOf = ({ logId, epoch }: LogName, name: LogName): boolean => logId === name.logId && epoch === name.epoch;
const ownerOf = (db: Db, { logId, epoch }: LogName) => ({
  _id: 'log' as const,
  logId,
  epoch,
  database: db.databaseName,
});
const isAtHome = ({ database }: StoredOwner, { databaseName }: Db): boolean => database === databaseName;

/**
 * A database is of one log alone, and a log has one database: the first process writes down which belong together, and those
 * that come with another pair are refused before they read or write anything else. Rejects with `foreign_log`.
 */
export const claimDatabase = async (db: Db, name: LogName): Promise<void> => {
  const owner = await askOwner(db, name);
  // Mostly it is claimed, and a read tells.
  if (owner && isAtHome(owner, db)) return;
  const isNew = await writeOwner(db, name, owner);
  try {
    // Of two that claim at once, the same database or two of them, each may have looked before the other wrote.
    await askOwner(db, name);
    await refuseSecondDatabase(db, name);
  } catch (error) {
    if (isNew) await ownersIn(db).deleteOne(ownerOf(db, name));
    throw error;
  }
};

/**
 * Rejects with `foreign_log` where the database is of another log, or the log has another database. Writes nothing.
 * @param name undefined for a log that has yet to begin: the owner is then another one, whoever it is
 */
export const refuseOtherOwner = async (db: Db, name: LogName | undefined): Promise<void> => {
  if (name) await askOwner(db, name);
  else await refuseAnyOwner(db);
};

const refuseAnyOwner = async (db: Db): Promise<void> => {
  const owner = await ownersIn(db).findOne({ _id: 'log' });
  if (!owner) return;
  throw new LogError(
    'foreign_log',
    `The database ${db.databaseName} is of ${told(owner)}, and Kafka has no log under this topic prefix: nothing was made. Check ` +
      'HINDCAST_TOPIC_PREFIX and KAFKA_BROKERS. For a new log name another database with HINDCAST_DATABASE; where the old log is gone ' +
      `for good, drop ${db.databaseName} first.`,
  );
};

const askOwner = async (db: Db, name: LogName): Promise<StoredOwner | null> => {
  const owner = await ownersIn(db).findOne({ _id: 'log' });
  if (owner && !isOf(owner, name)) {
    throw new LogError(
      'foreign_log',
      `The database ${db.databaseName} is of ${told(owner)}, and this is ${told(name)}. ` +
        'Name another database with HINDCAST_DATABASE: it is filled from the log. Where this log has taken the place of the ' +
        `other one for good, remove the document of ${collectionName} and rebuild the views.`,
    );
  }
  if (!owner || !isAtHome(owner, db)) await refuseSecondDatabase(db, name);
  return owner;
};

/** @returns whether the database had no owner before */
const writeOwner = async (db: Db, name: LogName, copied: StoredOwner | null): Promise<boolean> => {
  const { _id, ...said } = ownerOf(db, name);
  if (copied) {
    await ownersIn(db).updateOne(copied, { $set: said });
    return false;
  }
  try {
    const { upsertedCount } = await ownersIn(db).updateOne({ _id }, { $setOnInsert: said }, { upsert: true });
    return upsertedCount > 0;
  } catch (error) {
    // Of several that claim at once, one writes, and the others may hear that the id is taken.
    if (error instanceof MongoServerError && error.code === duplicateKey) return false;
    throw error;
  }
};

/**
 * Two databases of one log share its partitions between them, and each has half of the views. Looks at those databases of
 * the same MongoDB that this user may see; one that was emptied or dropped is none.
 */
const refuseSecondDatabase = async (db: Db, { logId, epoch }: LogName): Promise<void> => {
  const { databases } = await db.admin().listDatabases({ nameOnly: true, authorizedDatabases: true, ...fromPrimary });
  const names = databases.map((one) => one.name).filter((one) => one !== db.databaseName && !system.has(one));
  for (let i = 0; i < names.length; i += databasesAtOnce) {
    const looked = await Promise.all(
      names.slice(i, i + databasesAtOnce).map(async (one) => {
        const other = db.client.db(one, majority);
        const owner = await ownersIn(other).findOne({ _id: 'log', logId, epoch }).catch(nothingToSee);
        return owner && isAtHome(owner, other) ? one : undefined;
      }),
    );
    const home = looked.find((one) => one !== undefined);
    if (home !== undefined) throw hasHome(db.databaseName, home, { logId, epoch });
  }
};

const nothingToSee = (error: unknown): null => {
  if (error instanceof MongoServerError && (refusals.has(error.code) || refusalWords.test(error.message))) return null;
  throw error;
};

const hasHome = (asked: string, home: string, name: LogName): LogError =>
  new LogError(
    'foreign_log',
    `The views of ${told(name)} are in the database ${home}, and HINDCAST_DATABASE says ${asked}: a log has one database, ` +
      `or each would get a part of what happens. Set HINDCAST_DATABASE=${home}. To move to ${asked} on purpose, stop every process of ` +
      `the log, and drop ${home} or remove the document of its collection ${collectionName}: ${asked} is then filled from the log. Files of models ` +
      'do not come from the log: copy the collections artifacts.files and artifacts.chunks, or register the models again.',
  );

const told = ({ logId, epoch }: LogName): string => `log ${logId} epoch ${epoch}`;

/**
 * Claims the database, and sees to it that it stays claimed. `lost` resolves once another log has it, or the log another
 * one; a store that is away is told of by those who need it.
 */
export const holdDatabase = async (
  db: Db,
  name: LogName,
  everyMs = claimEveryMs,
): Promise<{ readonly lost: Promise<LogError>; stop(): Promise<void> }> => {
  let tellLost: (error: LogError) => void = () => undefined;
  const lost = new Promise<LogError>((resolve) => {
    tellLost = resolve;
  });
  let claiming: Promise<void> | undefined;
  const claim = async (): Promise<void> => {
    try {
      await claimDatabase(db, name);
    } catch (error) {
      if (error instanceof LogError) tellLost(error);
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
    lost,
    async stop() {
      clearInterval(timer);
      await claiming;
    },
  };
};
