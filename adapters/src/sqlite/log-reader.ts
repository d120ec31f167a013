import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type EventLog, LogError, type Topic } from '@hindcast/domain';
import { logFileName } from './event-log.ts';
import { explainedLogError, logIdentity, openLogFile, topicTables } from './log-file.ts';
import { createFrameReader, type FrameReader, readPageRecordsMax } from './log-frames.ts';
import { boundsOf, storedEnd } from './log-topic.ts';

/** The half of the log that changes nothing, while another process may be writing. */
export interface SqliteLogReader extends Pick<EventLog, 'read' | 'bounds'> {
  /** Those that the log has: a log of an older program may lack some, one of a newer program have more. */
  topics(): readonly string[];
  close(): void;
}

/** Throws `unavailable` where the folder holds no log. */
export const openSqliteLogReader = (folder: string): SqliteLogReader => {
  const path = join(folder, logFileName);
  if (!existsSync(path)) throw new LogError('unavailable', `The folder ${folder} holds no log.`);
  const { db, identity } = openToRead(path);
  const open = new Map<Topic, { readonly end: { nextSeq: number }; readonly frames: FrameReader }>();

  const tableOf = (topic: Topic) => {
    const table = topicTables(db).find((known) => known.topic === topic);
    if (!table) throw new RangeError(`The log has no topic ${topic}.`);
    return table;
  };
  /** Looks at the end of the topic now; what was opened before reads up to there as well. */
  const refresh = (topic: Topic) => {
    const table = tableOf(topic);
    const { nextSeq, ends } = storedEnd(db, table);
    const end = open.get(topic)?.end ?? { nextSeq };
    end.nextSeq = nextSeq;
    const frames = open.get(topic)?.frames ?? createFrameReader(db, table, () => end.nextSeq);
    open.set(topic, { end, frames });
    return { frames, ends };
  };

  return {
    topics: () => topicTables(db).map(({ topic }) => topic),
    bounds: async (topic) => boundsOf(identity, refresh(topic).ends),
    read: async function* ({ topic, partition, from, to }) {
      const { frames, ends } = refresh(topic);
      const last = ends[partition];
      if (last === undefined) throw new RangeError(`The topic ${topic} has no partition ${partition}.`);
      const end = Math.min(to ?? last, last);
      let at = Math.max(0, from);
      while (at < end) {
        const page = frames.fetch(partition, at, Math.min(readPageRecordsMax, end - at));
        yield page;
        at += page.length;
      }
    },
    close: () => {
      db.close();
    },
  };
};

const openToRead = (path: string) => {
  try {
    const db = openLogFile(path);
    db.exec('PRAGMA query_only = ON');
    return { db, identity: logIdentity(db, undefined) };
  } catch (error) {
    throw explainedLogError(error, path);
  }
};
