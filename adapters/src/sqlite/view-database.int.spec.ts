import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { requestedDoc, viewDatabaseContract } from '@hindcast/domain/contracts';
import Database from 'libsql';
import { expect, it } from 'vitest';
import { openSqliteViews } from './view-database.ts';

const now = () => 1_000;
const inFolder = async <T>(use: (folder: string) => Promise<T>): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-views-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

viewDatabaseContract('SQLite', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-views-'));
  const views = await openSqliteViews({ folder, now });
  return {
    views,
    async stop() {
      await views.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
});

it('finds documents, checkpoints and the live generation again after a restart', () =>
  inFolder(async (folder) => {
    const first = await openSqliteViews({ folder, now });
    const { generation } = await first.create('prediction-status');
    const checkpoint = { logId: 'log-1', epoch: 0, partition: 3, next: 8 };
    const doc = requestedDoc('a', 7, 1_000);
    await first.statusStore(generation).save([{ doc, base: undefined }], checkpoint);
    await first.promote('prediction-status', generation);
    await first.stop();
    const second = await openSqliteViews({ folder, now });
    expect(await second.reader.prediction('t/a')).toEqual(doc);
    expect(await second.reader.checkpoints('prediction-status')).toEqual([checkpoint]);
    await second.stop();
  }));

it('refuses a file of another format, and says what to do', () =>
  inFolder(async (folder) => {
    const db = new Database(join(folder, 'views.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSqliteViews({ folder, now })).rejects.toThrow(/format 99.*rebuilt from the log/);
  }));
