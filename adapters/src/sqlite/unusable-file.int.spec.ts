import { mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TOPICS } from '@hindcast/domain';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { openSqliteEventLog } from './event-log.ts';
import { openSqliteLogReader } from './log-reader.ts';
import { openSqliteViews } from './view-database.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'unusable-file-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const openLog = () =>
  openSqliteEventLog({
    folder,
    partitions: {
      [TOPICS.predictions]: 1,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: 1,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
    now: Date.now,
    newId: () => 'log-1',
  });
const damage = (name: string) => writeFileSync(join(folder, name), 'no database at all '.repeat(500));

it('says of a damaged log that it needs a copy, and gives the folder back', async () => {
  damage('log.db');
  const words = /^The file .*log\.db is damaged \(file is not a database\)\. .*put a copy of it in its place/;
  await expect(openLog()).rejects.toThrow(words);
  expect(() => openSqliteLogReader(folder)).toThrow(words);
  rmSync(join(folder, 'log.db'));
  await (await openLog()).stop();
});

it('says of damaged views that they can be moved away, after which they open', async () => {
  damage('views.db');
  const open = () => openSqliteViews({ folder, now: Date.now });
  await expect(open()).rejects.toThrow(/^The file .*views\.db is damaged .*Move it away.*rebuilt from the log/);
  renameSync(join(folder, 'views.db'), join(folder, 'views.db.damaged'));
  await (await open()).stop();
});

it('does not take a damaged lock for another process', async () => {
  damage('lock.db');
  await expect(openLog()).rejects.toThrow(/lock\.db is damaged .*delete it/);
});
