import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { formerQualityViewNames, qualityViewName } from '@hindcast/domain';
import { requestedDoc, viewDatabaseContract } from '@hindcast/domain/contracts';
import Database from 'libsql';
import { expect, it, vi } from 'vitest';
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

it('drops a generation, however large, while this thread does other work', () =>
  inFolder(async (folder) => {
    const views = await openSqliteViews({ folder, now });
    const { generation } = await views.create('prediction-status');
    let turned = false;
    setImmediate(() => {
      turned = true;
    });
    await views.drop('prediction-status', generation);
    expect(turned).toBe(true);
    await views.stop();
  }));

it('lets other work have its turn between the pages of a scan', () =>
  inFolder(async (folder) => {
    const views = await openSqliteViews({ folder, now });
    const ids = Array.from({ length: 1_200 }, (_, i) => String(i));
    await views.statusStore(1).save(ids.map((id) => ({ doc: requestedDoc(id, 7, 1_000), base: undefined })));
    let [turns, pages, scanning] = [0, 0, true];
    const work = () => {
      turns += 1;
      if (scanning) setImmediate(work);
    };
    for await (const _ of views.statusStore(1).scan()) {
      if (pages++ === 0) setImmediate(work);
    }
    scanning = false;
    expect([turns > 1, pages]).toEqual([true, 3]);
    await views.stop();
  }));

it('gives a document back from its file as it was saved', () =>
  inFolder(async (folder) => {
    const odd = '"ü\u0000\n\u2028 🙂';
    const first = await openSqliteViews({ folder, now });
    const doc = requestedDoc('a', 7, 1_000, { entity: odd, referenceId: odd, eventTime: odd });
    await first.statusStore(1).save([{ doc, base: undefined }]);
    await first.stop();
    const second = await openSqliteViews({ folder, now });
    expect(await second.reader.prediction('t/a')).toEqual(doc);
    await second.stop();
  }));

it('begins anew where the file is of an older format, so that the log brings it back', () =>
  inFolder(async (folder) => {
    const old = await openSqliteViews({ folder, now });
    await old.statusStore(1).save([{ doc: requestedDoc('a', 7, 1_000), base: undefined }]);
    await old.stop();
    const db = new Database(join(folder, 'views.db'));
    db.exec('PRAGMA user_version = 1');
    db.close();
    const views = await openSqliteViews({ folder, now });
    expect(await views.reader.prediction('t/a')).toBeUndefined();
    expect(await views.reader.checkpoints('prediction-status')).toEqual([]);
    await views.stop();
  }));

it('gives an empty view for one that an older program folded in another way, and keeps the others', () =>
  inFolder(async (folder) => {
    const checkpoint = { logId: 'log-1', epoch: 0, partition: 0, next: 8 };
    const old = await openSqliteViews({ folder, now });
    await old.statusStore(1).save([{ doc: requestedDoc('a', 7, 1_000), base: undefined }], checkpoint);
    await old.qualityStore(1).save([], checkpoint);
    await old.stop();
    const db = new Database(join(folder, 'views.db'));
    const [renewed, [former]] = [qualityViewName(1), formerQualityViewNames(1)];
    db.exec(`DROP INDEX ${renewed}_hour; ALTER TABLE ${renewed} RENAME TO ${former}`);
    db.exec(`UPDATE view_checkpoints SET view = '${former}' WHERE view = '${renewed}'`);
    const views = await openSqliteViews({ folder, now });
    expect(await views.reader.prediction('t/a')).toBeDefined();
    expect(await views.statusStore(1).checkpoints()).toEqual([checkpoint]);
    expect(await views.qualityStore(1).checkpoints()).toEqual([]);
    expect(db.prepare('SELECT name FROM sqlite_master WHERE name = ?').all([former])).toEqual([]);
    db.close();
    await views.stop();
  }));

it('refuses a file of a later format, and says what to do', () =>
  inFolder(async (folder) => {
    const db = new Database(join(folder, 'views.db'));
    db.exec('PRAGMA user_version = 99');
    db.close();
    await expect(openSqliteViews({ folder, now })).rejects.toThrow(/format 99.*rebuilt from the log/);
  }));

/** What another process finds in the file. */
const lookInto = (folder: string) => {
  const db = new Database(join(folder, 'views.db'));
  // One statement, so that nothing is committed between the two answers.
  const both = db
    .prepare(`
      SELECT (SELECT count(*) FROM prediction_status_v1),
        (SELECT next FROM view_checkpoints WHERE view = 'prediction_status_v1')
    `)
    .raw(true);
  return {
    db,
    look: () => {
      const [documents, next] = both.get([]) as [number, number | null];
      return { documents, next: next ?? undefined };
    },
  };
};
const documents = 2_000;
const manyWrites = () =>
  Array.from({ length: documents }, (_, i) => ({ doc: requestedDoc(`p-${i}`, i, 1_000), base: undefined }));
const checkpoint = { logId: 'log-1', epoch: 0, partition: 3, next: documents };

it('never has a checkpoint in the file before all documents that it claims', () =>
  inFolder(async (folder) => {
    const views = await openSqliteViews({ folder, now });
    await views.statusStore(1).save(manyWrites(), checkpoint);
    const { db, look } = lookInto(folder);
    const seen: ReturnType<typeof look>[] = [];
    while (seen.at(-1)?.next === undefined) {
      seen.push(look());
      await new Promise((resolve) => setImmediate(resolve));
    }
    expect(seen.some((at) => at.documents > 0 && at.documents < documents)).toBe(true);
    for (const at of seen) if (at.next !== undefined) expect(at.documents).toBe(documents);
    db.close();
    await views.stop();
  }));

it('writes on while others ask for all of it at once', () =>
  inFolder(async (folder) => {
    const views = await openSqliteViews({ folder, now });
    const query = { tenant: 't', limit: 10_000 };
    const { db, look } = lookInto(folder);
    for (let round = 0; round < 5; round++) {
      const writes = Array.from({ length: documents }, (_, i) => ({
        doc: requestedDoc(`p-${round}-${i}`, i, 1_000),
        base: undefined,
      }));
      await views.statusStore(1).save(writes);
      const pages = await Promise.all(Array.from({ length: 4 }, () => views.reader.predictions(query)));
      for (const page of pages) expect(page).toHaveLength((round + 1) * documents);
    }
    await views.stop();
    expect(look().documents).toBe(5 * documents);
    db.close();
  }));

it('keeps what it cannot write, answers from memory, and writes it when it can', () =>
  inFolder(async (folder) => {
    const errors: string[] = [];
    const note = (_: object, message: string) => void errors.push(message);
    const logger = { debug: note, info: note, warn: note, error: note };
    const views = await openSqliteViews({ folder, now, logger });
    const { db, look } = lookInto(folder);
    db.exec('BEGIN IMMEDIATE');
    await views.statusStore(1).save(manyWrites(), checkpoint);
    await vi.waitFor(() => expect(errors).toHaveLength(1), { timeout: 5_000 });
    expect((await views.reader.prediction('t/p-7'))?.pos).toBe(7);
    expect(await views.reader.checkpoints('prediction-status')).toEqual([checkpoint]);
    db.exec('ROLLBACK');
    await vi.waitFor(() => expect(look()).toEqual({ documents, next: documents }), { timeout: 10_000 });
    db.close();
    await views.stop();
  }));
