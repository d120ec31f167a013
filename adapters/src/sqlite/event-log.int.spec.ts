import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type EventLog, type NewRecord, type RecordedRecord, TOPICS } from '@hindcast/domain';
import { contractPartitions, eventLogContract } from '@hindcast/domain/contracts';
import type { LocalEventLog } from '@hindcast/domain/in-memory';
import { afterEach, expect, it } from 'vitest';
import { openSqliteEventLog, type SqliteEventLogOptions } from './event-log.ts';
import { openSqliteLogReader } from './log-reader.ts';

const topic = TOPICS.predictions;
const partitions = contractPartitions;
let ids = 0;
const newId = () => `id-${ids++}`;

const folders: string[] = [];
const newFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-log-'));
  folders.push(folder);
  return folder;
};
const openLog = (folder: string, options: Partial<SqliteEventLogOptions> = {}): Promise<LocalEventLog> =>
  openSqliteEventLog({ folder, partitions, now: Date.now, newId, ...options });

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

eventLogContract('SQLite', async () => {
  const folder = newFolder();
  let log = await openLog(folder);
  return {
    log,
    reopen: async () => {
      await log.stop();
      log = await openLog(folder);
      return log;
    },
    close: () => log.stop(),
  };
});

const record = (key: string, value = `value of ${key}`): NewRecord => ({ key, value, headers: { type: 'Test' } });
const many = (count: number, value?: string) => Array.from({ length: count }, (_, i) => record(`k${i}`, value));
/** All records of the topic, as another process sees them: without the events that only this one has. */
const stored = async (log: Pick<EventLog, 'read' | 'bounds'>) => {
  const all: Omit<RecordedRecord, 'event'>[] = [];
  for (const { partition } of await log.bounds(topic)) {
    for await (const page of log.read({ topic, partition, from: 0 })) {
      all.push(...page.map(({ event: _, ...record }) => record));
    }
  }
  return all;
};

it('keeps identity, records and partition counts over a restart, whatever count it is opened with', async () => {
  const folder = newFolder();
  const first = await openLog(folder);
  await first.append(topic, many(500));
  const [bounds, records] = [await first.bounds(topic), await stored(first)];
  await first.stop();
  const second = await openLog(folder, { partitions: { ...partitions, [topic]: 9 } });
  expect(await second.bounds(topic)).toEqual(bounds);
  expect(await stored(second)).toEqual(records);
  await second.append(topic, many(100));
  expect(await stored(second)).toHaveLength(600 + partitions[topic]);
  await second.stop();
});

it('gets a topic that it was made without, and keeps what it had', async () => {
  const folder = newFolder();
  const { [TOPICS.jobs]: jobs, ...others } = partitions;
  const old = await openLog(folder, { partitions: others as typeof partitions });
  await old.append(topic, many(50));
  const records = await stored(old);
  await expect(old.bounds(TOPICS.jobs)).rejects.toThrow('no topic');
  await old.stop();
  const log = await openLog(folder);
  expect(await stored(log)).toEqual(records);
  const [first] = await log.bounds(topic);
  const bounds = await log.bounds(TOPICS.jobs);
  expect(bounds).toHaveLength(jobs);
  expect(bounds[0]).toMatchObject({ logId: first?.logId, epoch: 0, end: 1 });
  expect(await log.append(TOPICS.jobs, [record('j')])).toMatchObject([{ ok: true }]);
  await log.stop();
});

it('never lets the time of a partition run back, even if the clock does', async () => {
  const folder = newFolder();
  const first = await openLog(folder, { now: () => 5_000 });
  await first.append(topic, many(10));
  await first.stop();
  const second = await openLog(folder, { now: () => 4_000 });
  const [outcome] = await second.append(topic, [record('k0')]);
  expect(outcome).toMatchObject({ ok: true, appendedAt: 5_000 });
  await second.stop();
});

it('refuses a folder that is in use, names it, and opens it once it is free', async () => {
  const folder = newFolder();
  const first = await openLog(folder);
  const refused = openLog(folder);
  await expect(refused).rejects.toMatchObject({ code: 'locked' });
  await expect(refused).rejects.toThrow(folder);
  await first.stop();
  const second = await openLog(folder);
  await second.stop();
});

it('refuses what is appended after stop, and writes what was appended before', async () => {
  const folder = newFolder();
  const log = await openLog(folder);
  const before = log.append(topic, many(50));
  const stopping = log.stop();
  expect((await before).every(({ ok }) => ok)).toBe(true);
  await stopping;
  expect(await log.append(topic, [record('late')])).toMatchObject([{ ok: false, error: { code: 'stopped' } }]);
  await expect(log.consume({ topic, group: 'g' }, { onBatch: async () => {} })).rejects.toMatchObject({
    code: 'stopped',
  });
  await log.stop();
  const reader = openSqliteLogReader(folder);
  expect(await stored(reader)).toHaveLength(50 + partitions[topic]);
  reader.close();
});

it('answers unavailable on a full disk, consumes no offset, and goes on when there is room', async () => {
  const folder = newFolder();
  const log = await openLog(folder, { fileBytesMax: 2_000_000 });
  const small = await log.append(topic, many(3));
  const ends = await log.bounds(topic);
  const large = await log.append(topic, many(40, 'x'.repeat(100_000)));
  expect(large).toHaveLength(40);
  for (const outcome of large) expect(outcome).toMatchObject({ ok: false, error: { code: 'unavailable' } });
  expect(await log.bounds(topic)).toEqual(ends);
  const again = await log.append(topic, many(3));
  for (const [i, outcome] of again.entries()) {
    const [before, after] = [small[i], outcome];
    if (before?.ok && after.ok) expect(after.position.partition).toBe(before.position.partition);
    expect(outcome.ok).toBe(true);
  }
  const records = await stored(log);
  expect(records).toHaveLength(6 + partitions[topic]);
  await log.stop();
  const reopened = await openLog(folder);
  expect(await stored(reopened)).toEqual(records);
  await reopened.stop();
});

it('refuses appends beyond its queue, and takes more when the queue is written', async () => {
  const log = await openLog(newFolder(), { queueRecordsMax: 100 });
  const calls = Array.from({ length: 5 }, () => log.append(topic, many(40)));
  const outcomes = await Promise.all(calls);
  expect(outcomes.map((call) => call.every(({ ok }) => ok))).toEqual([true, true, false, false, false]);
  expect(outcomes[2]?.[0]).toMatchObject({ error: { code: 'unavailable' } });
  expect((await log.append(topic, many(40))).every(({ ok }) => ok)).toBe(true);
  await log.stop();
});

it('serves consumers from the file what memory has let go of, in order', async () => {
  const folder = newFolder();
  const log = await openLog(folder, { partitions: { ...partitions, [topic]: 1 } });
  const count = 30_000;
  for (let i = 0; i < count; i += 1_000) await log.append(topic, many(1_000, 'x'.repeat(600)));
  const offsets: number[] = [];
  const consumer = await log.consume(
    { topic, group: null },
    {
      onBatch: async (batch) => {
        for (const { offset } of batch.records) offsets.push(offset);
        if (offsets.length === 10_000) await log.append(topic, many(10));
      },
    },
  );
  await expect.poll(() => offsets.length, { timeout: 30_000 }).toBeGreaterThanOrEqual(count + 1);
  await consumer.stop();
  expect(offsets).toEqual(offsets.map((_, i) => i));
  await log.stop();
});

it('keeps the write-ahead log bounded while others read', async () => {
  const folder = newFolder();
  const log = await openLog(folder);
  const reader = openSqliteLogReader(folder);
  await log.append(topic, many(3_000, 'x'.repeat(700)));
  const slow = reader.read({ topic, partition: 0, from: 0 })[Symbol.asyncIterator]();
  let walBytesMax = 0;
  for (let i = 0; i < 60; i++) {
    await log.append(topic, many(1_000, 'x'.repeat(1_000)));
    if (i % 20 === 0) await slow.next();
    walBytesMax = Math.max(walBytesMax, statSync(join(folder, 'log.db-wal')).size);
  }
  expect(statSync(join(folder, 'log.db')).size).toBeGreaterThan(40_000_000);
  expect(walBytesMax).toBeLessThan(40_000_000);
  reader.close();
  await log.stop();
});

it('lets a reader follow the log while it grows, and refuses a folder without one', async () => {
  const folder = newFolder();
  const log = await openLog(folder);
  const reader = openSqliteLogReader(folder);
  for (const round of [1, 2, 3]) {
    await log.append(topic, many(200));
    expect(await reader.bounds(topic)).toEqual(await log.bounds(topic));
    expect(await stored(reader)).toHaveLength(round * 200 + partitions[topic]);
  }
  reader.close();
  await log.stop();
  expect(() => openSqliteLogReader(newFolder())).toThrow('holds no log');
});
