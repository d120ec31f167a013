import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openViewConnection } from './view-connection.ts';
import { createViewWriter, type RowWrites, type Value } from './view-writer.ts';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'view-writer-'));
});
afterEach(() => rmSync(root, { recursive: true }));

const rows = (...values: Value[]): RowWrites => ({ sql: 'INSERT INTO t VALUES (?, ?)', columns: 2, values });
const openTable = (path: string) => {
  const db = openViewConnection(path);
  db.exec('CREATE TABLE t (key TEXT PRIMARY KEY, n INTEGER)');
  return { db, all: () => db.prepare('SELECT key, n FROM t ORDER BY key').raw(true).all() };
};

it('writes all rows of a call, or none of them', async () => {
  const { db, all } = openTable(join(root, 'views.db'));
  const writer = createViewWriter(join(root, 'views.db'));
  await writer.write([rows('a', 1, 'b', null)]);
  await expect(writer.write([rows('c', 3), rows('a', 2)])).rejects.toThrow(/UNIQUE/);
  expect(all()).toEqual([
    ['a', 1],
    ['b', null],
  ]);
  await writer.stop();
  db.close();
});

it('runs the other statement for a row that the first one does not change', async () => {
  const { db, all } = openTable(join(root, 'views.db'));
  const writer = createViewWriter(join(root, 'views.db'));
  await writer.write([rows('a', 1)]);
  const update = { sql: 'UPDATE t SET n = ?2 WHERE key = ?1 AND n = 1', otherwise: 'INSERT INTO t VALUES (?1, -?2)' };
  await writer.write([{ ...update, columns: 2, values: ['a', 5, 'b', 6] }]);
  expect(all()).toEqual([
    ['a', 5],
    ['b', -6],
  ]);
  await writer.stop();
  db.close();
});

it('says that its thread has failed, and begins another one', async () => {
  const folder = join(root, 'later');
  const writer = createViewWriter(join(folder, 'views.db'));
  await expect(writer.write([rows('a', 1)])).rejects.toThrow();
  mkdirSync(folder);
  const { db, all } = openTable(join(folder, 'views.db'));
  await writer.write([rows('a', 1)]);
  expect(all()).toEqual([['a', 1]]);
  await writer.stop();
  db.close();
});
