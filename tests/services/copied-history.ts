import type { EventLog, RecordedRecord, Topic, ViewDatabase } from '@hindcast/domain';
import { docsIn } from '@hindcast/domain/testing';

export type ReadLog = Pick<EventLog, 'read' | 'bounds'>;

/** All records of a topic, partition by partition. */
export const recordsOf = async (log: ReadLog, topic: Topic): Promise<readonly RecordedRecord[]> => {
  const all: RecordedRecord[] = [];
  for (const { partition, start, end } of await log.bounds(topic)) {
    for await (const page of log.read({ topic, partition, from: start, to: end })) all.push(...page);
  }
  return all;
};

/** All documents of all views, with how far they are. */
export const everythingIn = async (views: ViewDatabase): Promise<readonly unknown[]> => {
  const all: unknown[] = [];
  for (const store of [views.statusStore(1), views.statsStore(1), views.modelStore(1)]) {
    all.push(...(await docsIn<unknown>(store)));
    all.push(await store.checkpoints());
  }
  return all;
};

/** Every key's records in their order, without where they are; those that open partitions left out. */
export const byKey = (records: readonly RecordedRecord[]): ReadonlyMap<string, readonly unknown[]> => {
  const keys = new Map<string, unknown[]>();
  for (const { key, value, headers, appendedAt } of records) {
    if (headers['type'] === 'LogOpened') continue;
    const known = keys.get(key) ?? [];
    keys.set(key, known);
    known.push({ value, headers, appendedAt });
  }
  return keys;
};

/** Whether the time of a partition does so. */
export const runsBack = (records: readonly RecordedRecord[]): boolean =>
  records.some((record, at) => {
    const before = records[at - 1];
    return before?.partition === record.partition && before.appendedAt > record.appendedAt;
  });

const placed = new Set(['pos', 'partition', 'epoch', 'offset']);
/** A document without what names a place in the log; the key of a statistic names its partition. */
const placeless = (doc: unknown): unknown => {
  if (Array.isArray(doc)) return doc.length > 0 && Object.hasOwn(Object(doc[0]), 'logId') ? [] : doc.map(placeless);
  if (typeof doc !== 'object' || doc === null) return doc;
  return Object.fromEntries(
    Object.entries(doc).flatMap(([name, value]) => (placed.has(name) ? [] : [[name, placeless(value)]])),
  );
};

/** Documents as a set; statistics of one model, version and hour are summed, as they are when they are read. */
const tallied = (docs: readonly unknown[]) => {
  const sums = new Map<string, Record<string, number>>();
  const others: string[] = [];
  for (const doc of docs) {
    if (typeof doc !== 'object' || doc === null || !('hour' in doc)) {
      others.push(JSON.stringify(doc));
      continue;
    }
    const { key: _, tenant, model, version, hour, ...counts } = doc as Record<string, unknown>;
    const name = JSON.stringify([tenant, model, version, hour]);
    const sum = sums.get(name) ?? {};
    sums.set(name, sum);
    for (const [count, value] of flat(counts)) sum[count] = Math.round(((sum[count] ?? 0) + value) * 1_000) / 1_000;
  }
  return { others: others.sort(), sums };
};

const flat = (value: unknown, path = ''): [string, number][] => {
  if (typeof value === 'number') return [[path, value]];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => flat(inner, `${path}.${name}`));
};

/** What two sets of views have to agree in when their logs have other partitions. */
export const withoutPlaces = (docs: readonly unknown[]) => tallied(docs.map(placeless));
