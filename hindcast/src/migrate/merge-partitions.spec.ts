import { type EventLog, partitionOf, type RecordedRecord, TOPICS } from '@hindcast/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mergedRecords } from './merge-partitions.ts';
import { createRecordDigest } from './record-digest.ts';

const topic = TOPICS.predictions;
const identity = { logId: 'l', epoch: 1, idFromText: (text: string) => text };

/** A log of the records in the order of their appends, with the pages cut as small as they may come. */
const logOf = (appends: readonly { key: string; waitMs: number }[], partitions: number, pageMax: number) => {
  const stored: RecordedRecord[][] = Array.from({ length: partitions }, () => []);
  let appendedAt = 1_000;
  for (const [at, { key, waitMs }] of appends.entries()) {
    appendedAt += waitMs;
    const partition = partitionOf(key, partitions);
    const records = stored[partition] ?? [];
    const headers = { type: 'PredictionLabeled' };
    records.push({ topic, partition, offset: records.length, key, value: String(at), headers, appendedAt });
  }
  const log: Pick<EventLog, 'read' | 'bounds'> = {
    bounds: async () =>
      stored.map(({ length }, partition) => ({ logId: 'l', epoch: 0, partition, start: 0, end: length })),
    read: async function* ({ partition, from, to }) {
      for (let at = from; at < (to ?? 0); at += pageMax) {
        yield stored[partition]?.slice(at, Math.min(at + pageMax, to ?? 0)) ?? [];
      }
    },
  };
  return { log, stored };
};
const merge = async (log: Pick<EventLog, 'read' | 'bounds'>, partitions: number): Promise<RecordedRecord[]> => {
  const all: RecordedRecord[] = [];
  const wanted = { ...identity, partitions };
  for await (const page of mergedRecords(log, topic, await log.bounds(topic), wanted)) all.push(...page);
  return all;
};
const digestOf = (records: readonly RecordedRecord[]): string => {
  const digest = createRecordDigest();
  for (const record of records) digest.add(record);
  return digest.sha256();
};

const appends = fc.array(
  fc.record({ key: fc.constantFrom(...Array.from({ length: 20 }, (_, i) => `default/p-${i}`)), waitMs: fc.nat(2) }),
  { maxLength: 200 },
);
const count = fc.integer({ min: 1, max: 13 });

describe('partitions that are merged into others', () => {
  it('hold every record where its key belongs, in the order of its key, and their time never runs back', () =>
    fc.assert(
      fc.asyncProperty(appends, count, count, fc.integer({ min: 1, max: 7 }), async (given, from, to, pageMax) => {
        const { log, stored } = logOf(given, from, pageMax);
        const merged = await merge(log, to);
        const ends = new Array<number>(to).fill(0);
        const lastAt = new Array<number>(to).fill(0);
        const values = new Map<string, string[]>();
        for (const { key, value, partition, offset, appendedAt, headers } of merged) {
          expect(partition).toBe(partitionOf(key, to));
          expect(offset).toBe(ends[partition]);
          ends[partition] = offset + 1;
          expect(appendedAt).toBeGreaterThanOrEqual(lastAt[partition] ?? 0);
          lastAt[partition] = appendedAt;
          if (headers['type'] === 'LogOpened') expect(offset).toBe(0);
          else values.set(key, [...(values.get(key) ?? []), value]);
        }
        expect(merged.filter(({ headers }) => headers['type'] === 'LogOpened')).toHaveLength(to);
        const expected = new Map<string, string[]>();
        for (const { key, value } of stored.flat()) expected.set(key, [...(expected.get(key) ?? []), value]);
        expect(values).toEqual(expected);
      }),
    ));

  it('are the same however the pages are cut', () =>
    fc.assert(
      fc.asyncProperty(appends, count, async (given, to) => {
        const [one, other] = [logOf(given, 4, 1).log, logOf(given, 4, 500).log];
        expect(digestOf(await merge(one, to))).toBe(digestOf(await merge(other, to)));
      }),
    ));

  it('begin as what was begun before goes on', () =>
    fc.assert(
      fc.asyncProperty(appends, appends, count, async (before, since, to) => {
        const later = since.map((append, at) => ({ ...append, waitMs: append.waitMs + (at === 0 ? 1 : 0) }));
        const [short, long] = [logOf(before, 4, 500).log, logOf([...before, ...later], 4, 500).log];
        fc.pre(before.length > 0);
        const of = (records: readonly RecordedRecord[], partition: number) =>
          records.filter((record) => record.partition === partition);
        const [first, all] = [await merge(short, to), await merge(long, to)];
        for (let partition = 0; partition < to; partition++) {
          const begun = of(first, partition);
          expect(of(all, partition).slice(0, begun.length)).toEqual(begun);
        }
      }),
    ));

  it('are not made of a record that no view took in', async () => {
    const { log, stored } = logOf([{ key: 'default/p-1', waitMs: 0 }], 4, 500);
    const [record] = stored.flat();
    const at = (record?.partition ?? 0) + 1;
    stored[at % 4]?.push({ ...(record as RecordedRecord), partition: at % 4, offset: 0 });
    await expect(merge(log, 6)).rejects.toThrow('is not where its key belongs');
  });
});
