import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type RecordedRecord, TOPICS } from '@hindcast/domain';
import { contractPartitions } from '@hindcast/domain/contracts';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { logFileName, openSqliteEventLog } from './event-log.ts';
import { type LogDatabase, openLogFile, topicTables } from './log-file.ts';
import { createFrameReader, readPageRecordsMax } from './log-frames.ts';
import { storedEnd } from './log-topic.ts';

const topic = TOPICS.predictions;
let folder: string;
let db: LogDatabase | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindcast-frames-'));
});
afterEach(() => {
  db?.close();
  rmSync(folder, { recursive: true, force: true });
});

/** A log with one frame for each number: so many records, of one key each. */
const writeFrames = async (sizes: readonly number[], key: (frame: number) => string): Promise<void> => {
  const partitions = { ...contractPartitions, [topic]: 2 };
  const log = await openSqliteEventLog({ folder, partitions, now: Date.now, newId: () => 'log' });
  for (const [frame, size] of sizes.entries()) {
    const records = Array.from({ length: size }, (_, at) => ({
      key: key(frame),
      value: `${frame}/${at}`.padEnd(1_000),
      headers: {},
    }));
    await log.append(topic, records);
  }
  await log.stop();
};

/** A reader that counts the bytes it takes out of the file. */
const openReader = () => {
  const file = openLogFile(join(folder, logFileName));
  db = file;
  const table = topicTables(file).find((known) => known.topic === topic);
  if (!table) throw new Error('The log has no such topic.');
  const { nextSeq, ends } = storedEnd(file, table);
  let bytes = 0;
  const counted = {
    prepare: (sql: string) => ({
      raw: () => {
        const statement = file.prepare(sql).raw();
        return {
          all: (...given: readonly unknown[]) => {
            const rows = statement.all(...given) as unknown[][];
            for (const row of rows) bytes += Buffer.isBuffer(row.at(-1)) ? (row.at(-1) as Buffer).length : 0;
            return rows;
          },
        };
      },
    }),
  } as unknown as LogDatabase;
  return { reader: createFrameReader(counted, table, () => nextSeq), ends, bytes: () => bytes };
};

const readAll = (reader: ReturnType<typeof openReader>['reader'], partition: number, from: number, end: number) => {
  const records: RecordedRecord[] = [];
  while (from + records.length < end) {
    const page = reader.fetch(partition, from + records.length, readPageRecordsMax);
    expect(page.length).toBeGreaterThan(0);
    records.push(...page);
  }
  return records;
};

it('takes frames of many records out of the file about once', async () => {
  await writeFrames(new Array<number>(40).fill(400), () => 'a');
  const { reader, ends, bytes } = openReader();
  const partition = ends.indexOf(Math.max(...ends));
  expect(readAll(reader, partition, 0, ends[partition] ?? 0)).toHaveLength(40 * 400 + 1);
  expect(bytes()).toBeLessThan(3 * 40 * 400 * 1_000);
});

it.each(['[13,0x8', '[13]', '[13,-1]'])('says of the ends %s of a frame what cannot be read', async (ends) => {
  await writeFrames([3, 3, 3, 3], () => 'a');
  const file = openLogFile(join(folder, logFileName));
  const table = topicTables(file).find((known) => known.topic === topic);
  file.exec(`UPDATE ${table?.table} SET body = CAST('${ends}' AS BLOB) WHERE id % 4096 = 0`);
  file.close();
  expect(openReader).toThrow(/has no ends for its frame \d/);
});

it('reads every record from anywhere, however frames lie', async () => {
  const sizes = Array.from({ length: 150 }, (_, frame) => (frame % 37 === 0 ? 700 : (frame % 5) + 1));
  await writeFrames(sizes, (frame) => (frame % 50 < 45 ? 'a' : 'd'));
  const { reader, ends } = openReader();
  expect(Math.min(...ends)).toBeGreaterThan(10);
  for (const [partition, end] of ends.entries()) {
    const whole = readAll(reader, partition, 0, end);
    expect(whole.map(({ offset }) => offset)).toEqual(Array.from({ length: end }, (_, at) => at));
    for (let from = 1; from < end; from += 97)
      expect(readAll(reader, partition, from, end).map(({ value }) => value)).toEqual(
        whole.slice(from).map(({ value }) => value),
      );
  }
});
