import type { Checkpoint } from '@hindcast/domain';
import type { ViewRows } from './view-rows.ts';
import type { Outbox } from './view-write-behind.ts';
import type { RowWrites, Value } from './view-writer.ts';

interface Waiting<Doc> {
  readonly doc: Doc;
  /** Whether the table has an older form of the document. */
  stored: boolean;
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
  rows: ViewRows<Doc>,
  known: readonly Checkpoint[],
): ViewOutbox<Doc> => {
  const docs = new Map<string, Waiting<Doc>>();
  const checkpoints = new Map(known.map((checkpoint) => [checkpoint.partition, checkpoint]));
  const changed = new Set<number>();
  const sql = statementsOf(rows);

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
    take(max) {
      const taken: Waiting<Doc>[] = [];
      const inserted: Value[] = [];
      const updated: Value[] = [];
      for (const waiting of docs.values()) {
        if (taken.length >= max) break;
        const { doc, stored } = waiting;
        (stored ? updated : inserted).push(doc.key, doc.pos, ...rows.valuesOf(doc));
        taken.push(waiting);
      }
      // A checkpoint claims all documents before it, so it goes with the last of them.
      const reached =
        taken.length === docs.size ? [...changed].flatMap((partition) => checkpoints.get(partition) ?? []) : [];
      return {
        writes: [
          { ...sql.insert, values: inserted },
          { ...sql.update, values: updated },
          {
            ...sql.checkpoint,
            values: reached.flatMap(({ partition, logId, epoch, next }) => [partition, logId, epoch, next]),
          },
        ],
        written() {
          for (const waiting of taken) {
            const newer = docs.get(waiting.doc.key);
            if (newer === waiting) docs.delete(waiting.doc.key);
            else if (newer) newer.stored = true;
          }
          for (const checkpoint of reached) {
            if (checkpoints.get(checkpoint.partition) === checkpoint) changed.delete(checkpoint.partition);
          }
        },
      };
    },
  };
};

type Statement = Omit<RowWrites, 'values'>;

/**
 * Insert what the table does not have, and change as little as they can of what it has. A thread that died may have
 * written a document and not said so: then it is replaced.
 */
const statementsOf = <Doc>(
  rows: ViewRows<Doc>,
): { readonly [name in 'insert' | 'update' | 'checkpoint']: Statement } => {
  const names = ['key', 'pos', ...rows.columns];
  const at = (column: string): string => `?${names.indexOf(column) + 1}`;
  const assign = (changed: readonly string[]): string => changed.map((name) => `${name} = ${at(name)}`).join(', ');
  const { table, settledBy } = rows;
  const columns = names.length;
  return {
    insert: {
      sql: `INSERT OR REPLACE INTO ${table} (${names.join(', ')}) VALUES (${names.map(at).join(', ')})`,
      columns,
    },
    update: {
      sql: `UPDATE ${table} SET ${assign(['pos', ...rows.changing])} WHERE key = ${at('key')} AND ${settledBy} = ${at(settledBy)}`,
      otherwise: `UPDATE ${table} SET ${assign(names)} WHERE key = ${at('key')}`,
      columns,
    },
    checkpoint: {
      sql: `INSERT OR REPLACE INTO view_checkpoints (view, partition, log_id, epoch, next) VALUES ('${table}', ?, ?, ?, ?)`,
      columns: 4,
    },
  };
};
