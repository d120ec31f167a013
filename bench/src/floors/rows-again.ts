import { join } from 'node:path';
import Database from 'libsql';

type Row = readonly unknown[];

interface StoredTable {
  /** What makes the table and its indexes. */
  readonly statements: readonly string[];
  readonly insert: string;
  readonly rows: readonly Row[];
}

const readTable = (file: string, name: string): StoredTable => {
  const db = new Database(file, { readonly: true });
  try {
    const schema = db.prepare(
      'SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql IS NOT NULL ORDER BY type DESC',
    );
    const statements = (schema.all([name]) as { sql: string }[]).map(({ sql }) => sql);
    const rows = db.prepare(`SELECT * FROM ${name} ORDER BY rowid`).raw(true).all([]) as Row[];
    const insert = `INSERT INTO ${name} VALUES (${(rows[0] ?? []).map(() => '?').join(', ')})`;
    return { statements, insert, rows };
  } finally {
    db.close();
  }
};

/** Writes the rows into a new file, a transaction for each group of neighbours. Answers the CPU time in µs. */
const writeAgain = (
  { statements, insert, rows }: StoredTable,
  file: string,
  pragmas: readonly string[],
  groupOf: (row: Row, at: number) => unknown,
): number => {
  const db = new Database(file);
  for (const pragma of ['journal_mode = WAL', ...pragmas]) db.exec(`PRAGMA ${pragma}`);
  for (const statement of statements) db.exec(statement);
  const write = db.prepare(insert);
  const before = process.cpuUsage();
  let group: unknown;
  for (const [at, row] of rows.entries()) {
    const next = groupOf(row, at);
    if (at === 0 || next !== group) db.exec(at === 0 ? 'BEGIN' : 'COMMIT; BEGIN');
    group = next;
    write.run(row);
  }
  db.exec('COMMIT');
  const { user, system } = process.cpuUsage(before);
  db.close();
  return user + system;
};

const columnOfTime = 1;

/** The frames of predictions, synced at each commit as Hindcast does. What was written in one commit has one time. */
export const logRowsAgain = (folder: string, table: string): number =>
  writeAgain(
    readTable(join(folder, 'log.db'), table),
    join(folder, 'log-again.db'),
    ['page_size = 32768', 'synchronous = FULL', 'wal_autocheckpoint = 512'],
    (row) => row[columnOfTime],
  );

const rowsPerTransaction = 250;

/** The rows of predictions with their indexes, each written once. */
export const viewRowsAgain = (folder: string, table: string): number =>
  writeAgain(
    readTable(join(folder, 'views.db'), table),
    join(folder, 'views-again.db'),
    ['page_size = 8192', 'synchronous = NORMAL', 'wal_autocheckpoint = 2048', 'cache_size = -65536'],
    (_, at) => Math.floor(at / rowsPerTransaction),
  );
