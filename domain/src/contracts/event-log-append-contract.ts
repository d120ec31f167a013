import { expect, it } from 'vitest';
import { decode, encode } from '../event-codec.ts';
import { type EventLog, recordBytesMax, TOPICS } from '../event-log.ts';
import { partitionOf } from '../partitioning.ts';
import { aPredictionRequested } from '../testing/prediction-event-builders.ts';
import {
  contractPartitions,
  contractTestMsMax,
  follow,
  partitions,
  placed,
  range,
  readAll,
  record,
  records,
  topic,
  until,
} from './event-log-under-test.ts';

type Using = (test: (log: EventLog) => Promise<void>) => () => Promise<void>;

const awkwardTexts = [
  '',
  'line\nline\r\n\ttab',
  'zero \u0000 byte',
  'quote " back \\ slash',
  'é ü ß',
  '漢字 \u2028',
  '\u{1F600}\u{1F9D1}\u200D\u{1F680}',
  '\uFEFFmark',
  'x'.repeat(200_000),
  '漢'.repeat(100_000),
];

export const appendContract = (using: Using): void => {
  it(
    'begins every partition with its LogOpened, which bounds repeats',
    using(async (log) => {
      for (const [of, count] of Object.entries(contractPartitions) as [typeof topic, number][]) {
        const bounds = await log.bounds(of);
        expect(bounds.map(({ partition }) => partition)).toEqual(range(0, count));
        for (const { partition, logId, epoch, start, end } of bounds) {
          expect([start, end]).toEqual([0, 1]);
          const [opened] = await readAll(log, of, partition);
          const decoded = opened && decode(opened);
          expect(decoded?.ok && decoded.event.data).toEqual({ logId, epoch, partition, partitions: count });
          expect(partitionOf(opened?.key ?? '', count)).toBe(partition);
        }
      }
    }),
  );

  it(
    'answers one outcome per record in their order, with the position that the record is then found at',
    using(async (log) => {
      const appended = records(50);
      const outcomes = placed(await log.append(topic, appended));
      expect(await log.append(topic, [])).toEqual([]);
      for (const [i, { position, appendedAt }] of outcomes.entries()) {
        const { partition, offset } = position;
        expect(partition).toBe(partitionOf(appended[i]?.key ?? '', partitions));
        const [found] = await readAll(log, topic, partition, offset, offset + 1);
        expect(found).toMatchObject({ ...appended[i], topic, partition, offset, appendedAt });
      }
    }),
  );

  it(
    'keeps the order of a key within a call and between calls that do not wait for each other',
    using(async (log) => {
      const calls = range(0, 200).map((call) =>
        log.append(topic, [record('a', `${call}.0`), record('b', `${call}.0`), record('a', `${call}.1`)]),
      );
      await Promise.all(calls);
      const stored = (await Promise.all(range(0, partitions).map((p) => readAll(log, topic, p)))).flat();
      const of = (key: string) => stored.filter((found) => found.key === key).map(({ value }) => value);
      expect(of('a')).toEqual(range(0, 200).flatMap((call) => [`${call}.0`, `${call}.1`]));
      expect(of('b')).toEqual(range(0, 200).map((call) => `${call}.0`));
    }),
  );

  it(
    'gives dense offsets, and times that never run back',
    using(async (log) => {
      await Promise.all(range(0, 40).map((call) => log.append(topic, records(1 + (call % 7), `c${call}`))));
      const bounds = await log.bounds(topic);
      for (const { partition, end } of bounds) {
        const stored = await readAll(log, topic, partition);
        expect(stored.map(({ offset }) => offset)).toEqual(range(0, end));
        const times = stored.map(({ appendedAt }) => appendedAt);
        expect(times).toEqual([...times].sort((a, b) => a - b));
      }
      expect(bounds.reduce((sum, { end }) => sum + end - 1, 0)).toBe(
        range(0, 40).reduce((sum, call) => sum + 1 + (call % 7), 0),
      );
    }),
  );

  it(
    'refuses a record that is too large, alone',
    using(async (log) => {
      const large = record('k', 'x'.repeat(recordBytesMax + 1));
      const wide = record('k', '漢'.repeat(recordBytesMax / 3 + 1));
      const outcomes = await log.append(topic, [record('k', 'before'), large, wide, record('k', 'after')]);
      expect(outcomes.map((outcome) => outcome.ok || outcome.error.code)).toEqual([
        true,
        'record_too_large',
        'record_too_large',
        true,
      ]);
      const stored = await readAll(log, topic, partitionOf('k', partitions), 1);
      expect(stored.map(({ value }) => value)).toEqual(['before', 'after']);
    }),
  );

  it(
    'gives back every text as it was, to readers and consumers',
    using(async (log) => {
      const appended = awkwardTexts.map((text, i) => ({
        key: `${i}/${text.slice(0, 20)}`,
        value: text,
        headers: { type: 'Test', text: text.slice(0, 20) },
      }));
      placed(await log.append(topic, appended));
      const stored = (await Promise.all(range(0, partitions).map((p) => readAll(log, topic, p, 1)))).flat();
      const reader = await follow(log, { group: null });
      await until(() => expect(reader.keys()).toHaveLength(appended.length));
      for (const found of [stored, reader.seen()]) {
        for (const { key, value, headers } of appended) {
          const match = found.find((candidate) => candidate.key === key);
          expect(match?.value === value, `value ${JSON.stringify(value.slice(0, 20))}`).toBe(true);
          expect(match?.headers).toEqual(headers);
        }
      }
      await reader.consumer.stop();
    }),
  );

  it(
    'stores half of a surrogate pair as U+FFFD, for every reader',
    using(async (log) => {
      const [outcome] = placed(await log.append(topic, [record('half', 'a\uD800b')]));
      const reader = await follow(log, { group: null });
      await until(() => expect(reader.keys()).toEqual(['half']));
      await reader.consumer.stop();
      const { partition = 0, offset = 0 } = outcome?.position ?? {};
      const [stored] = await readAll(log, topic, partition, offset);
      expect(stored?.value).toBe('a\uFFFDb');
      expect(reader.seen().find(({ key }) => key === 'half')?.value).toBe('a\uFFFDb');
    }),
  );

  it(
    'hands out events as they were appended',
    using(async (log) => {
      const event = aPredictionRequested();
      placed(await log.append(topic, [encode(event)]));
      const reader = await follow(log, { group: null });
      await until(() => expect(reader.seen()).toHaveLength(partitions + 1));
      await reader.consumer.stop();
      const delivered = reader.seen().find(({ key }) => key === event.partitionkey);
      expect(delivered && decode(delivered)).toEqual({ ok: true, event });
      expect(JSON.parse(delivered?.value ?? '')).toEqual(event);
    }),
  );

  it(
    'reads from, and up to, any offset',
    using(async (log) => {
      const p = partitionOf('k', partitions);
      for (const part of [0, 1, 2]) {
        await log.append(
          topic,
          range(0, 700).map((i) => record('k', `${part}/${i}`)),
        );
      }
      const offsets = async (from: number, to?: number) =>
        (await readAll(log, topic, p, from, to)).map(({ offset }) => offset);
      expect(await offsets(0)).toEqual(range(0, 2_101));
      for (const [from, to] of [
        [1, 2],
        [699, 703],
        [1_400, 2_101],
        [5, 1_999],
        [2_100, 9_999],
      ] as const) {
        expect(await offsets(from, to)).toEqual(range(from, Math.min(to, 2_101)));
      }
      expect(await offsets(7, 7)).toEqual([]);
      expect(await offsets(2_101)).toEqual([]);
      for await (const page of log.read({ topic, partition: p, from: 0 })) {
        expect(page.length).toBeGreaterThan(0);
        expect(page.length).toBeLessThanOrEqual(1_000);
      }
      await expect(readAll(log, topic, partitions, 0)).rejects.toThrow();
    }),
  );

  it(
    'keeps topics apart',
    using(async (log) => {
      await log.append(TOPICS.models, [record('only models')]);
      expect((await log.bounds(TOPICS.models)).map(({ end }) => end)).toEqual([2]);
      expect((await log.bounds(topic)).map(({ end }) => end)).toEqual(range(0, partitions).map(() => 1));
    }),
  );

  it(
    'takes a hundred thousand records, and hands them all to a consumer',
    using(async (log) => {
      const count = 100_000;
      for (let from = 0; from < count; from += 5_000) placed(await log.append(topic, records(5_000, `r${from}`)));
      let seen = 0;
      const next = new Map<number, number>();
      const consumer = await log.consume(
        { topic, group: null },
        {
          onBatch: async (batch) => {
            expect(batch.records[0]?.offset).toBe(next.get(batch.partition) ?? 0);
            next.set(batch.partition, (batch.records.at(-1)?.offset ?? 0) + 1);
            seen += batch.records.length;
          },
        },
      );
      await until(() => expect(seen).toBe(count + partitions));
      await consumer.stop();
    }),
    contractTestMsMax,
  );
};
