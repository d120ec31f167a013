import type { Checkpoint, ViewStore, ViewWrite } from '@hindcast/domain';
import type Database from 'libsql';
import type { GroupCommit } from './view-group-commit.ts';

/** Documents read at once by a scan. */
const scanPageMax = 500;

/** How the documents of one view become rows: `key`, `pos` and these columns besides. */
export interface ViewRows<Doc> {
  readonly table: string;
  readonly columns: readonly string[];
  valuesOf(doc: Doc): readonly (string | number | null)[];
  /**
   * Columns that every write changes. The others keep their value from the moment on when the last of them, `settledBy`,
   * has one: an update that does not name them leaves their indexes alone, which are most of its cost.
   */
  readonly changing: readonly string[];
  readonly settledBy: string;
  /** Columns that `docOf` reads, in its order. */
  readonly read: readonly string[];
  docOf(row: readonly unknown[]): Doc;
}

export const createSqliteViewStore = <Doc extends { readonly key: string; readonly pos: number }>(
  db: Database.Database,
  commit: GroupCommit,
  rows: ViewRows<Doc>,
): ViewStore<Doc> => {
  const { table } = rows;
  const columns = ['pos', 'key', ...rows.columns];
  const at = (column: string): string => `?${columns.indexOf(column) + 1}`;
  const assign = (names: readonly string[]): string => names.map((name) => `${name} = ${at(name)}`).join(', ');
  const insert = db.prepare(
    `INSERT INTO ${table} (${columns.join(', ')}) VALUES (${columns.map(at).join(', ')}) ON CONFLICT DO NOTHING`,
  );
  const atBase = `WHERE key = ${at('key')} AND pos = ?${columns.length + 1}`;
  const update = db.prepare(
    `UPDATE ${table} SET ${assign(['pos', ...rows.changing])} ${atBase} AND ${rows.settledBy} = ${at(rows.settledBy)}`,
  );
  const updateAll = db.prepare(`UPDATE ${table} SET ${assign(columns)} ${atBase}`);
  const select = `SELECT ${rows.read.join(', ')} FROM ${table}`;
  const selectKeys = db.prepare(`${select} WHERE key IN (SELECT value FROM json_each(?))`).raw(true);
  const selectPage = db.prepare(`${select} WHERE key > ? ORDER BY key LIMIT ${scanPageMax}`).raw(true);
  const saveCheckpoint = db.prepare(`
    INSERT INTO view_checkpoints (view, partition, log_id, epoch, next) VALUES ('${table}', ?, ?, ?, ?)
    ON CONFLICT DO UPDATE SET log_id = excluded.log_id, epoch = excluded.epoch, next = excluded.next
    WHERE log_id <> excluded.log_id OR epoch <> excluded.epoch OR next < excluded.next`);

  const swapped = ({ doc, base }: ViewWrite<Doc>): boolean => {
    const values = [doc.pos, doc.key, ...rows.valuesOf(doc)];
    if (base === undefined) return insert.run(values).changes === 1;
    values.push(base);
    return update.run(values).changes === 1 || updateAll.run(values).changes === 1;
  };

  return {
    async load(keys) {
      const found = new Map<string, Doc>();
      if (keys.length === 0) return found;
      for (const row of selectKeys.all([JSON.stringify(keys)]) as unknown[][]) {
        const doc = rows.docOf(row);
        found.set(doc.key, doc);
      }
      return found;
    },
    save(writes, checkpoint) {
      if (writes.length === 0 && !checkpoint) return Promise.resolve([]);
      return commit.write(() => {
        const lost: string[] = [];
        for (const write of writes) if (!swapped(write)) lost.push(write.doc.key);
        if (checkpoint && lost.length === 0) {
          saveCheckpoint.run([checkpoint.partition, checkpoint.logId, checkpoint.epoch, checkpoint.next]);
        }
        return lost;
      });
    },
    checkpoints: async () => readCheckpoints(db, table),
    async *scan() {
      // Pages instead of a cursor: an open cursor keeps the write-ahead log from being emptied.
      for (let after = ''; ; ) {
        const page = (selectPage.all([after]) as unknown[][]).map((row) => rows.docOf(row));
        const last = page.at(-1);
        if (!last) return;
        yield page;
        after = last.key;
      }
    },
  };
};

export const readCheckpoints = (db: Database.Database, view: string): readonly Checkpoint[] => {
  const rows = db
    .prepare('SELECT log_id, epoch, partition, next FROM view_checkpoints WHERE view = ? ORDER BY partition')
    .all([view]) as { log_id: string; epoch: number; partition: number; next: number }[];
  return rows.map(({ log_id: logId, epoch, partition, next }) => ({ logId, epoch, partition, next }));
};
