import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Clock, LogError, type NewId, type RecordedRecord, type Topic } from '@hindcast/domain';
import {
  type ConsumerGroupsOptions,
  createConsumerGroups,
  type LocalEventLog,
  type LogSource,
} from '@hindcast/domain/in-memory';
import { lockFolder } from './lock.ts';
import { openLogCommits } from './log-commits.ts';
import {
  createLogSchema,
  createTopicTable,
  explainedLogError,
  inTransaction,
  type LogDatabase,
  limitFile,
  logIdentity,
  openLogFile,
  topicTables,
} from './log-file.ts';
import { partitionsMax, readPageRecordsMax } from './log-frames.ts';
import { createLogQueue, defaultQueueLimits, type LogQueueLimits } from './log-queue.ts';
import { boundsOf, type LogTopic, openTopic } from './log-topic.ts';
import { createLogWriter } from './log-writer.ts';

/** Commits wait this long for company before they are written. */
const commitSaveMs = 1_000;

export interface SqliteEventLogOptions
  extends Partial<LogQueueLimits>,
    Pick<ConsumerGroupsOptions, 'onConsumerFailure'> {
  /** Made if it is not there. Belongs to this process alone until `stop`. */
  readonly folder: string;
  /** Of topics that the log does not have yet; a topic keeps the count that it was made with. */
  readonly partitions: Readonly<Record<Topic, number>>;
  readonly now: Clock;
  readonly newId: NewId;
  /** The log refuses what would make its file larger. */
  readonly fileBytesMax?: number;
}

export const logFileName = 'log.db';

const openTopics = (db: LogDatabase, options: SqliteEventLogOptions) => {
  createLogSchema(db);
  return inTransaction(db, () => {
    const identity = logIdentity(db, options.newId);
    const writer = createLogWriter({ db, epoch: identity.epoch, now: options.now });
    const topics = new Map<Topic, LogTopic>();
    for (const table of topicTables(db)) topics.set(table.topic, openTopic(db, table));
    for (const [topic, partitions] of Object.entries(options.partitions) as [Topic, number][]) {
      if (topics.has(topic)) continue;
      if (partitions > partitionsMax) throw new RangeError(`A topic can have ${partitionsMax} partitions.`);
      const created = openTopic(db, createTopicTable(db, topic, partitions));
      writer.open(created, identity.logId, options.newId);
      topics.set(topic, created);
    }
    return { identity, writer, topics };
  });
};

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * The log in one SQLite file, for one process. Appends gather while the last flush runs, and share one transaction and
 * one fsync. Rejects with `locked` where another process has the folder.
 */
export const openSqliteEventLog = async (options: SqliteEventLogOptions): Promise<LocalEventLog> => {
  mkdirSync(options.folder, { recursive: true });
  const lock = lockFolder(options.folder);
  const path = join(options.folder, logFileName);
  try {
    const db = openLogFile(path);
    if (options.fileBytesMax !== undefined) limitFile(db, options.fileBytesMax);
    return serve(db, options, lock.release);
  } catch (error) {
    lock.release();
    throw explainedLogError(error, path);
  }
};

const serve = (db: LogDatabase, options: SqliteEventLogOptions, release: () => void): LocalEventLog => {
  const { identity, writer, topics } = openTopics(db, options);
  const commits = openLogCommits(db);
  let commitsDue = false;
  let commitTimer: NodeJS.Timeout | undefined;
  let stopping: Promise<void> | undefined;

  const topicAt = (topic: Topic): LogTopic => {
    const found = topics.get(topic);
    if (!found) throw new RangeError(`The log has no topic ${topic}.`);
    return found;
  };
  const endAt = (topic: Topic, partition: number): number => {
    const end = topicAt(topic).ends[partition];
    if (end === undefined) throw new RangeError(`The topic ${topic} has no partition ${partition}.`);
    return end;
  };
  const fetch = (topic: Topic, partition: number, from: number, max: number): readonly RecordedRecord[] => {
    const { tails, frames } = topicAt(topic);
    return tails[partition]?.fetch(from, max) ?? frames.fetch(partition, from, max);
  };

  const source: LogSource = {
    partitions: (topic) => topicAt(topic).ends.length,
    start: () => 0,
    end: endAt,
    fetch,
    handedOut: (topic, partition, before) => topicAt(topic).tails[partition]?.release(before),
    committed: commits.get,
    saveCommitted: (topic, group, partition, next) => {
      commits.set(topic, group, partition, next);
      commitTimer ??= setTimeout(() => {
        commitsDue = true;
        queue.poke();
      }, commitSaveMs).unref();
    },
  };
  const groups = createConsumerGroups({ source, onConsumerFailure: options.onConsumerFailure });

  const queue = createLogQueue({ ...defaultQueueLimits, ...options }, (calls) => {
    const saving = (commitsDue || stopping !== undefined) && commits.changed();
    if (commitsDue) commitTimer = undefined;
    commitsDue = false;
    if (calls.length === 0 && !saving) return [];
    const { outcomes, written } = writer.flush(calls, () => {
      if (saving) commits.write();
    });
    if (saving) commits.saved();
    for (const [first] of written) if (first) groups.wake(first.topic, first.partition);
    return outcomes;
  });

  const close = async (): Promise<void> => {
    await groups.stop();
    clearTimeout(commitTimer);
    queue.close();
    db.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    db.close();
    release();
  };

  return {
    append: async (topic, records) => queue.append(topicAt(topic), records),
    consume: async (subscription, handlers) => {
      if (stopping) throw new LogError('stopped', 'The log is closed.');
      return groups.join(subscription, handlers);
    },
    read: async function* ({ topic, partition, from, to }) {
      const end = Math.min(to ?? Number.POSITIVE_INFINITY, endAt(topic, partition));
      let at = Math.max(0, from);
      while (at < end) {
        const page = fetch(topic, partition, at, Math.min(readPageRecordsMax, end - at));
        yield page;
        at += page.length;
        await nextTurn();
      }
    },
    bounds: async (topic) => boundsOf(identity, topicAt(topic).ends),
    stop: () => {
      stopping ??= close();
      return stopping;
    },
  };
};
