import { LogError, type Topic } from '@hindcast/domain';
import Database from 'libsql';
import { explained } from './unusable-file.ts';

/** Grows with every change that an older program could not read. */
const formatVersion = '1';
/** Larger than the default: the rows of a flush are a few KiB each and fill such a page better. */
const pageBytes = 32_768;
/** The write-ahead log is copied into the file, and started over, beyond this. */
const walBytesMax = 16_777_216;
/** A reader in another process, or a backup, may hold the file for a moment. */
const busyTimeoutMs = 5_000;

export type LogDatabase = InstanceType<typeof Database>;

/** A topic as the file keeps it. `table` holds its frames. */
export interface TopicTable {
  readonly topic: Topic;
  readonly table: string;
  /** Frozen when the topic was created. */
  readonly partitions: number;
}

/** Says in words that a file is damaged, as SQLite only does in its own. */
export const explainedLogError = (error: unknown, path: string): unknown =>
  explained(
    error,
    path,
    'It is the log itself, which nothing else can bring back: put a copy of it in its place, and move away what lies ' +
      'beside it under the same name with -wal and -shm.',
  );

export const openLogFile = (path: string): LogDatabase => {
  const db = new Database(path, { timeout: busyTimeoutMs });
  db.exec(`PRAGMA page_size = ${pageBytes}`);
  db.exec('PRAGMA journal_mode = WAL');
  db.exec('PRAGMA synchronous = FULL');
  db.exec(`PRAGMA wal_autocheckpoint = ${walBytesMax / pageBytes}`);
  db.exec(`PRAGMA journal_size_limit = ${walBytesMax}`);
  return db;
};

/** Beyond this size SQLite answers as it does on a full disk. Holds for this connection. */
export const limitFile = (db: LogDatabase, bytesMax: number): void => {
  db.exec(`PRAGMA max_page_count = ${Math.floor(bytesMax / pageBytes)}`);
};

export const createLogSchema = (db: LogDatabase): void => {
  db.exec(`
    CREATE TABLE IF NOT EXISTS log (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS topics (topic TEXT PRIMARY KEY, id INTEGER NOT NULL, partitions INTEGER NOT NULL);
    CREATE TABLE IF NOT EXISTS commits (
      topic TEXT NOT NULL, name TEXT NOT NULL, offsets TEXT NOT NULL, PRIMARY KEY (topic, name)
    ) WITHOUT ROWID;`);
};

export const createTopicTable = (db: LogDatabase, topic: Topic, partitions: number): TopicTable => {
  const [row] = db.prepare('SELECT COALESCE(MAX(id), 0) + 1 AS id FROM topics').all() as { id: number }[];
  const id = row?.id ?? 1;
  db.prepare('INSERT INTO topics (topic, id, partitions) VALUES (?, ?, ?)').run([topic, id, partitions]);
  db.exec(`
    CREATE TABLE frames_${id} (
      id INTEGER PRIMARY KEY, at INTEGER NOT NULL, first INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL
    )`);
  return { topic, table: `frames_${id}`, partitions };
};

export const topicTables = (db: LogDatabase): TopicTable[] => {
  const rows = db.prepare('SELECT topic, id, partitions FROM topics ORDER BY id').all();
  return (rows as { topic: Topic; id: number; partitions: number }[]).map(({ topic, id, partitions }) => ({
    topic,
    table: `frames_${id}`,
    partitions,
  }));
};

/** Who the log is; made on the first open. */
export const logIdentity = (db: LogDatabase, newId: (() => string) | undefined): { logId: string; epoch: number } => {
  const rows = db.prepare('SELECT name, value FROM log').all() as { name: string; value: string }[];
  const stored = new Map(rows.map(({ name, value }) => [name, value]));
  const format = stored.get('format');
  if (format === undefined && newId) {
    const logId = newId();
    const insert = db.prepare('INSERT INTO log (name, value) VALUES (?, ?)');
    for (const entry of Object.entries({ format: formatVersion, logId, epoch: '0' })) insert.run(entry);
    return { logId, epoch: 0 };
  }
  if (format !== formatVersion) {
    throw new LogError(
      'foreign_log',
      `The log has format ${format ?? 'unknown'}, this program reads ${formatVersion}: use the program that wrote it.`,
    );
  }
  return { logId: stored.get('logId') ?? '', epoch: Number(stored.get('epoch')) };
};

/** Runs `write` in one transaction, or leaves everything as it was. */
export const inTransaction = <T>(db: LogDatabase, write: () => T): T => {
  db.exec('BEGIN IMMEDIATE');
  try {
    const result = write();
    db.exec('COMMIT');
    return result;
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
};
