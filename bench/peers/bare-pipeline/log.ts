import { hash } from 'node:crypto';
import Database from 'libsql';

interface Waiting {
  readonly text: string;
  readonly onDisk: () => void;
}

const utf8BytesPerUnitMax = 3;

/** Events in one file. All that come in one turn of the event loop share a commit, and are on disk when `onDisk` is called. */
export const openLog = (file: string) => {
  const db = new Database(file);
  const pragmas = ['page_size = 32768', 'journal_mode = WAL', 'synchronous = FULL', 'wal_autocheckpoint = 512'];
  for (const pragma of pragmas) db.exec(`PRAGMA ${pragma}`);
  db.exec(
    'CREATE TABLE frames (id INTEGER PRIMARY KEY, at INTEGER NOT NULL, count INTEGER NOT NULL, body BLOB NOT NULL)',
  );
  const insert = db.prepare('INSERT INTO frames (at, count, body) VALUES (?, ?, ?)');
  let waiting: Waiting[] = [];
  let scratch = Buffer.allocUnsafe(65_536);

  const bodyOf = (all: readonly Waiting[]): Buffer => {
    const bytesMax = all.reduce((sum, { text }) => sum + text.length * utf8BytesPerUnitMax, 0);
    if (scratch.length < bytesMax) scratch = Buffer.allocUnsafe(bytesMax);
    let end = 0;
    for (const { text } of all) {
      const from = end;
      end += scratch.write(text, from);
      hash('sha256', scratch.subarray(from, end), 'binary');
    }
    return scratch.subarray(0, end);
  };

  const flush = (): void => {
    const all = waiting;
    waiting = [];
    db.exec('BEGIN IMMEDIATE');
    insert.run([Date.now(), all.length, bodyOf(all)]);
    db.exec('COMMIT');
    for (const { onDisk } of all) onDisk();
  };

  return {
    append: (text: string, onDisk: () => void): void => {
      if (waiting.length === 0) setImmediate(flush);
      waiting.push({ text, onDisk });
    },
  };
};
