import { parentPort, workerData } from 'node:worker_threads';
import Database from 'libsql';

/** Values in the order of the columns. */
export type ViewRow = readonly (string | number | null)[];

const statements = `
  CREATE TABLE predictions (
    key TEXT NOT NULL, tenant TEXT NOT NULL, epoch INTEGER NOT NULL, partition INTEGER NOT NULL, pos INTEGER NOT NULL,
    status TEXT NOT NULL, requested_at INTEGER, model TEXT, version INTEGER, entity TEXT, reference_id TEXT, batch_id TEXT, body TEXT NOT NULL
  );
  CREATE UNIQUE INDEX by_key ON predictions (key);
  CREATE INDEX by_time ON predictions (tenant, requested_at);
  CREATE INDEX by_model ON predictions (tenant, model, requested_at);
  CREATE INDEX by_status ON predictions (tenant, status, requested_at) WHERE status <> 'succeeded';
  CREATE INDEX by_entity ON predictions (tenant, entity, requested_at) WHERE entity IS NOT NULL;
  CREATE INDEX by_reference ON predictions (tenant, reference_id, requested_at) WHERE reference_id IS NOT NULL;
  CREATE INDEX by_batch ON predictions (tenant, batch_id, requested_at) WHERE batch_id IS NOT NULL;`;
const columns = 13;

/** A thread that puts the rows of each message into a view, in one commit. */
const db = new Database(String(workerData));
const pragmas = [
  'page_size = 8192',
  'journal_mode = WAL',
  'synchronous = NORMAL',
  'wal_autocheckpoint = 2048',
  'cache_size = -65536',
];
for (const pragma of pragmas) db.exec(`PRAGMA ${pragma}`);
db.exec(statements);
const insert = db.prepare(`INSERT INTO predictions VALUES (${new Array(columns).fill('?').join(', ')})`);

parentPort?.on('message', (rows: readonly ViewRow[]) => {
  db.exec('BEGIN');
  for (const row of rows) insert.run(row);
  db.exec('COMMIT');
  parentPort?.postMessage(rows.length);
});
