import { setImmediate as nextTurn } from 'node:timers/promises';
import type { Checkpoint, ViewStore, ViewWrite } from '@hindcast/domain';
import type Database from 'libsql';
import { createViewOutbox } from './view-outbox.ts';
import type { ViewRows } from './view-rows.ts';
import type { WriteBehind } from './view-write-behind.ts';
import type { Value } from './view-writer.ts';

/** Documents read at once by a scan. */
const scanPageMax = 500;

export interface SqliteViewStore<Doc extends { readonly key: string; readonly pos: number }> extends ViewStore<Doc> {
  /** The document, from memory where it waits to be written. */
  get(key: string): Doc | undefined;
  /** Forgets what waits: the table is about to go. */
  discard(): void;
}

export const createSqliteViewStore = <Doc extends { readonly key: string; readonly pos: number }>(
  db: Database.Database,
  behind: WriteBehind,
  rows: ViewRows<Doc>,
): SqliteViewStore<Doc> => {
  const { table } = rows;
  const outbox = createViewOutbox(rows, readCheckpoints(db, table));
  behind.add(outbox);
  const select = `SELECT ${rows.read.join(', ')} FROM ${table}`;
  const selectKey = db.prepare(`${select} WHERE key = ?`).raw(true);
  const selectKeys = db.prepare(`${select} WHERE key IN (SELECT value FROM json_each(?))`).raw(true);
  // Keys come back as places or bytes: as texts they would end at a NUL, which the references of clients may have. A cross
  // join is one that SQLite does not turn round: each key asked for is looked up by its index.
  const selectPositions = db
    .prepare(
      `SELECT asked.key, pos FROM json_each(?) AS asked CROSS JOIN ${table} AS stored ON stored.key = asked.value`,
    )
    .raw(true);
  const selectPage = db
    .prepare(
      `SELECT CAST(key AS BLOB), ${rows.read.join(', ')} FROM ${table} WHERE key > ? ORDER BY key LIMIT ${scanPageMax}`,
    )
    .raw(true);

  /** Positions of the documents that do not wait, as the table has them. */
  const storedPositions = (writes: readonly ViewWrite<Doc>[]): ReadonlyMap<string, number> => {
    const keys: string[] = [];
    for (const { doc } of writes) if (!outbox.has(doc.key)) keys.push(doc.key);
    if (keys.length === 0) return new Map();
    const found = selectPositions.all([JSON.stringify(keys)]) as [number, number][];
    return new Map(found.map(([place, pos]) => [keys[place] as string, pos]));
  };

  return {
    get(key) {
      const waiting = outbox.get(key);
      if (waiting) return waiting;
      const row = selectKey.get([key]) as unknown[] | undefined;
      return row && rows.docOf(row);
    },
    discard: () => behind.remove(outbox),
    async load(keys) {
      const found = new Map<string, Doc>();
      const unread: string[] = [];
      for (const key of keys) {
        const waiting = outbox.get(key);
        if (waiting) found.set(key, waiting);
        else unread.push(key);
      }
      if (unread.length === 0) return found;
      for (const row of selectKeys.all([JSON.stringify(unread)]) as unknown[][]) {
        const doc = rows.docOf(row);
        found.set(doc.key, doc);
      }
      return found;
    },
    async save(writes, checkpoint) {
      const stored = storedPositions(writes);
      const lost: string[] = [];
      for (const { doc, base } of writes) {
        const storedPos = stored.get(doc.key);
        if ((outbox.get(doc.key)?.pos ?? storedPos) === base) outbox.put(doc, storedPos !== undefined);
        else lost.push(doc.key);
      }
      if (checkpoint && lost.length === 0) outbox.putCheckpoint(checkpoint);
      await behind.schedule();
      return lost;
    },
    checkpoints: async () => outbox.checkpoints(),
    async *scan() {
      // Pages instead of a cursor: an open cursor keeps the write-ahead log from being emptied.
      for (let after = ''; ; ) {
        await behind.flush();
        const page = (selectPage.all([after]) as [Buffer, ...Value[]][]).map(([key, ...stored]) => ({
          ...{ key: key.toString(), stored },
          doc: () => rows.docOf(stored),
        }));
        const last = page.at(-1);
        if (!last) return;
        yield page;
        after = last.key;
        // Nothing here waits for anything: without a turn for others a server would answer nobody until all is read.
        await nextTurn();
      }
    },
  };
};

const readCheckpoints = (db: Database.Database, view: string): readonly Checkpoint[] => {
  const rows = db
    .prepare('SELECT log_id, epoch, partition, next FROM view_checkpoints WHERE view = ? ORDER BY partition')
    .all([view]) as { log_id: string; epoch: number; partition: number; next: number }[];
  return rows.map(({ log_id: logId, epoch, partition, next }) => ({ logId, epoch, partition, next }));
};
