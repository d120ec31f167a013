import { parentPort, workerData } from 'node:worker_threads';
import type Database from 'libsql';
import { openViewConnection } from './view-connection.ts';
import type { RowWrites, WriterReply } from './view-writer.ts';

/** Prepared statements kept: a few per table of a generation. */
const statementsMax = 64;

/** Writes rows in one transaction a message, and knows nothing of what they are. */
const db = openViewConnection(workerData as string);
const begin = db.prepare('BEGIN IMMEDIATE');
const commit = db.prepare('COMMIT');
const statements = new Map<string, Database.Statement>();

const prepared = (sql: string): Database.Statement => {
  const known = statements.get(sql);
  if (known) return known;
  if (statements.size >= statementsMax) statements.clear();
  const statement = db.prepare(sql);
  statements.set(sql, statement);
  return statement;
};

const writeRows = ({ sql, otherwise, columns, values }: RowWrites): void => {
  if (columns === 0) {
    db.exec(sql);
    return;
  }
  const statement = prepared(sql);
  for (let at = 0; at < values.length; at += columns) {
    const row = values.slice(at, at + columns);
    const { changes } = statement.run(row);
    if (otherwise && changes === 0) prepared(otherwise).run(row);
  }
};

const write = (writes: readonly RowWrites[]): void => {
  begin.run();
  try {
    for (const rows of writes) writeRows(rows);
    commit.run();
  } catch (error) {
    if (db.inTransaction) db.exec('ROLLBACK');
    throw error;
  }
};

parentPort?.on('message', (writes: readonly RowWrites[] | 'close') => {
  if (writes === 'close') {
    db.close();
    parentPort?.close();
    return;
  }
  let reply: WriterReply = {};
  try {
    write(writes);
  } catch (error) {
    reply = { failure: error instanceof Error ? error.message : String(error) };
  }
  parentPort?.postMessage(reply);
});
