import type { Checkpoint } from '@hindcast/domain';
import type Database from 'libsql';
import type { ViewRows } from './view-rows.ts';
import type { Outbox } from './view-write-behind.ts';

interface Waiting<Doc> {
  readonly doc: Doc;
  /** Whether the table has an older form of the document. */
  readonly stored: boolean;
}

export interface ViewOutbox<Doc> extends Outbox {
  has(key: string): boolean;
  get(key: string): Doc | undefined;
  /** `stored` says whether the table has the document, and counts only where none of that key waits. */
  put(doc: Doc, stored: boolean): void;
  /** An older one of the same log is passed over. */
  putCheckpoint(checkpoint: Checkpoint): void;
  checkpoints(): readonly Checkpoint[];
}

export const createViewOutbox = <Doc extends { readonly key: string; readonly pos: number }>(
  db: Database.Database,
  rows: ViewRows<Doc>,
  known: readonly Checkpoint[],
): ViewOutbox<Doc> => {
  const docs = new Map<string, Waiting<Doc>>();
  const checkpoints = new Map(known.map((checkpoint) => [checkpoint.partition, checkpoint]));
  const changed = new Set<number>();
  const writeDoc = writerOf(db, rows);
  const writeCheckpoint = db.prepare(
    `INSERT OR REPLACE INTO view_checkpoints (view, partition, log_id, epoch, next) VALUES ('${rows.table}', ?, ?, ?, ?)`,
  );

  return {
    has: (key) => docs.has(key),
    get: (key) => docs.get(key)?.doc,
    put(doc, stored) {
      docs.set(doc.key, { doc, stored: docs.get(doc.key)?.stored ?? stored });
    },
    putCheckpoint(checkpoint) {
      const before = checkpoints.get(checkpoint.partition);
      const sameLog = before?.logId === checkpoint.logId && before.epoch === checkpoint.epoch;
      if (sameLog && before.next >= checkpoint.next) return;
      checkpoints.set(checkpoint.partition, checkpoint);
      changed.add(checkpoint.partition);
    },
    checkpoints: () => [...checkpoints.values()].sort((a, b) => a.partition - b.partition),
    waiting: () => docs.size + changed.size,
    write(max) {
      const written: Waiting<Doc>[] = [];
      for (const waiting of docs.values()) {
        if (written.length >= max) break;
        writeDoc(waiting);
        written.push(waiting);
      }
      // A checkpoint claims all documents before it, so it goes with the last of them.
      const complete = written.length === docs.size;
      for (const partition of complete ? changed : []) {
        const checkpoint = checkpoints.get(partition);
        if (checkpoint) writeCheckpoint.run([partition, checkpoint.logId, checkpoint.epoch, checkpoint.next]);
      }
      return () => {
        for (const { doc } of written) docs.delete(doc.key);
        if (complete) changed.clear();
      };
    },
  };
};

/** Inserts what the table does not have, and changes as little as it can of what it has. */
const writerOf = <Doc extends { readonly key: string; readonly pos: number }>(
  db: Database.Database,
  rows: ViewRows<Doc>,
): ((waiting: Waiting<Doc>) => void) => {
  const columns = ['key', 'pos', ...rows.columns];
  const at = (column: string): string => `?${columns.indexOf(column) + 1}`;
  const assign = (names: readonly string[]): string => names.map((name) => `${name} = ${at(name)}`).join(', ');
  const { table, settledBy } = rows;
  const insert = db.prepare(`INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(at).join(', ')})`);
  const change = db.prepare(
    `UPDATE ${table} SET ${assign(['pos', ...rows.changing])} WHERE key = ${at('key')} AND ${settledBy} = ${at(settledBy)}`,
  );
  const changeAll = db.prepare(`UPDATE ${table} SET ${assign(columns)} WHERE key = ${at('key')}`);

  return ({ doc, stored }) => {
    const values = [doc.key, doc.pos, ...rows.valuesOf(doc)];
    if (!stored) insert.run(values);
    else if (change.run(values).changes === 0) changeAll.run(values);
  };
};
