import { type DomainEvent, schemaVersions } from './domain-events.ts';
import { decode } from './event-codec.ts';
import { formatPosition, type Position, type RecordedRecord, type Topic } from './event-log.ts';
import { recordAt } from './record-at.ts';
import { cursorsOf } from './replay-cursor.ts';
import { planReplay, type ReadableLog, type ReplayPlan, type ReplayRange, type ReplayRefusal } from './replay-plan.ts';

export interface ReplayQuery extends ReplayRange {
  /** Log time, ms since 1970: since <= appendedAt < until. */
  readonly since?: number;
  readonly until?: number;
  readonly types?: readonly string[];
  /** Only events that name a model themselves: requests, and the events of the model. */
  readonly model?: string;
  readonly tenant?: string;
  /** Upper bound on the records that are answered. */
  readonly limit?: number;
}

export interface ReplayedRecord {
  readonly position: Position;
  /** `from` of a replay that goes on behind this record, with the same filter, to the same ends. */
  readonly cursor: string;
  readonly key: string;
  readonly appendedAt: number;
  readonly content: ReplayedContent;
}
export type ReplayedContent =
  /** `json` is the event as one line of JSON: the stored text wherever that is of the newest schema. */
  | { readonly ok: true; readonly event: DomainEvent; readonly json: string }
  | {
      readonly ok: false;
      readonly error: { readonly code: 'undecodable' | 'unknown_type'; readonly detail: string };
      readonly value: string;
    };

/** Records of one page of the log that pass the filter, which may be none; `next` is where the following page begins. */
export interface ReplayPage {
  readonly next: Position;
  readonly records: readonly ReplayedRecord[];
}

export interface Replay {
  readonly ok: true;
  /** Where it ends, fixed when it was opened. */
  readonly end: readonly Position[];
  pages(): AsyncIterable<ReplayPage>;
}

/**
 * Reads a topic again: each partition in the order of its offsets, one partition after the other, so that the same cut
 * gives the same records in the same order whoever reads it, in however many pieces. There is no order between
 * partitions to be lost, and one page is all that is held in memory.
 *
 * Records that cannot be decoded are part of it, with their value, unless a header says that the filter is not for them.
 */
export const openReplay = async (
  log: ReadableLog,
  query: ReplayQuery,
): Promise<Replay | { readonly ok: false; readonly refusal: ReplayRefusal }> => {
  const plan = await planReplay(log, query);
  return plan.ok ? { ok: true, end: plan.end, pages: () => pages(log, query, plan) } : plan;
};

async function* pages(log: ReadableLog, query: ReplayQuery, plan: ReplayPlan): AsyncGenerator<ReplayPage> {
  const cursor = cursorsOf(plan.epoch, plan.cut);
  const wanted = recordFilter(query);
  const until = query.until ?? Number.POSITIVE_INFINITY;
  let left = query.limit ?? Number.POSITIVE_INFINITY;
  for (const { partition, from, to } of plan.todo) {
    const start =
      query.since === undefined ? from : await firstSince(log, query.topic, partition, from, to, query.since);
    if (start >= to) continue;
    let past = false;
    for await (const page of log.read({ topic: query.topic, partition, from: start, to })) {
      const records: ReplayedRecord[] = [];
      for (const record of page) {
        past = record.appendedAt >= until;
        if (past || left === 0) break;
        const content = wanted(record);
        if (!content) continue;
        left -= 1;
        const { key, appendedAt, offset } = record;
        const position = { epoch: plan.epoch, partition, offset };
        records.push({ position, cursor: cursor(partition, offset + 1), key, appendedAt, content });
      }
      const offset = (page.at(-1)?.offset ?? start - 1) + 1;
      yield { next: { epoch: plan.epoch, partition, offset }, records };
      if (left === 0) return;
      if (past) break;
    }
  }
}

/** The time of a partition never runs back, so that its first record at or after a time is found by halving. */
export const firstSince = async (
  log: ReadableLog,
  topic: Topic,
  partition: number,
  from: number,
  to: number,
  since: number,
): Promise<number> => {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = low + Math.floor((high - low) / 2);
    if ((await timeAt(log, topic, partition, middle)) < since) low = middle + 1;
    else high = middle;
  }
  return low;
};

const timeAt = async (log: ReadableLog, topic: Topic, partition: number, offset: number): Promise<number> => {
  const record = await recordAt(log, topic, partition, offset);
  return record ? record.appendedAt : Number.NEGATIVE_INFINITY;
};

/** Answers the content of a record that passes. Headers are asked first: they spare the parse of what is not wanted. */
const recordFilter = (query: ReplayQuery): ((record: RecordedRecord) => ReplayedContent | undefined) => {
  const { model, tenant } = query;
  const types = query.types && new Set(query.types);
  const keyStart = tenant === undefined ? '' : `${tenant}/`;
  const namesModel = (type: string) => type === 'PredictionRequested' || type.startsWith('Model');

  return (record) => {
    if (!record.key.startsWith(keyStart)) return undefined;
    const type = record.event?.type ?? record.headers['type'];
    if (type !== undefined && types?.has(type) === false) return undefined;
    if (model !== undefined) {
      if (type !== undefined && !namesModel(type)) return undefined;
      if ((record.headers['model'] ?? model) !== model) return undefined;
    }
    const decoded = decode(record);
    if (!decoded.ok) {
      return { ok: false, error: { code: decoded.reason, detail: decoded.detail }, value: record.value };
    }
    const { event } = decoded;
    if (types?.has(event.type) === false) return undefined;
    if (model !== undefined && modelOf(event) !== model) return undefined;
    return { ok: true, event, json: jsonOf(event, record.value) };
  };
};

const modelOf = (event: DomainEvent): string | undefined => {
  if (event.type === 'PredictionRequested') return event.data.model;
  return event.type.startsWith('Model') ? event.subject : undefined;
};

/** Stored text is passed on byte for byte, unless it was upcast or a foreign writer has broken it into lines. */
const jsonOf = (event: DomainEvent, value: string): string =>
  schemaVersions[event.type] === undefined && !/[\r\n]/.test(value) ? value : JSON.stringify(event);

/** A record as one line of NDJSON, without its end of line. */
export const replayLine = (record: ReplayedRecord): string => {
  const { content, cursor, key, appendedAt } = record;
  const head =
    `{"position":"${formatPosition(record.position)}","cursor":"${cursor}",` +
    `"key":${JSON.stringify(key)},"appendedAt":${appendedAt},`;
  return content.ok
    ? `${head}"event":${content.json}}`
    : `${head}"error":${JSON.stringify(content.error)},"value":${JSON.stringify(content.value)}}`;
};
