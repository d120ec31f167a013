import { decode } from '../event-codec.ts';
import { type EventLog, type RecordedRecord, TOPICS } from '../event-log.ts';
import {
  isPredictionEvent,
  type PredictionEvent,
  type PredictionEventOf,
  type PredictionRequested,
} from '../prediction-events.ts';
import { recordAt } from '../record-at.ts';
import type { OffsetRange } from '../replay-cursor.ts';
import type { LogCut } from './log-cut.ts';
import { noPast, type PastCounts } from './past-counts.ts';
import { createPending, type PendingRequests, type Waiting } from './pending-requests.ts';

/** A prediction that has succeeded, as the log has it. */
export interface PastPrediction {
  readonly key: string;
  readonly partition: number;
  /** Of the request. */
  readonly offset: number;
  /** Log time of the request, ms since 1970. */
  readonly acceptedAt: number;
  readonly request: PredictionRequested;
  readonly result: PredictionEventOf<'PredictionSucceeded'>;
  /** Offset of the result. */
  readonly endOffset: number;
  /** Length of both events as text. */
  readonly chars: number;
}

/**
 * Records before the oldest open request that are read again by whoever goes on: of two requests that raced under one key
 * the second one must not be taken for the first.
 */
const raceMax = 2_000;

/**
 * Records of one page that is told: what is done with one is done in a turn or two of the event loop, in which a live
 * prediction of the same process waits.
 */
const pieceRecordsMax = 128;

/** Where a reading stands in its stretch: `done` is the first offset that has not been told of. */
export interface PastPlace {
  readonly partition: number;
  /** Where a later reading begins to read: some records before the oldest request whose end is still to come. */
  readonly from: number;
  readonly done: number;
}

/** What one page of the log told. `counts` are of this page alone. */
export interface PastPage {
  readonly predictions: readonly PastPrediction[];
  readonly counts: PastCounts;
  readonly place: PastPlace;
}

export interface PastQuery {
  readonly cut: LogCut;
  /** Asked before anything is parsed. */
  readonly wantsKey?: (key: string) => boolean;
  /** Only of this model. */
  readonly model?: string | undefined;
  readonly wants?: (request: PredictionRequested) => boolean;
  /** Goes on behind this place: together the two readings tell what one would have told. */
  readonly place?: PastPlace | undefined;
}

export class IncompletePast extends Error {
  constructor(partition: number, offset: number) {
    super(`The log did not give offset ${offset} of partition ${partition} of ${TOPICS.predictions}.`);
    this.name = 'IncompletePast';
  }
}

/**
 * The predictions that were accepted and have succeeded within a stretch of the log, in the order of their results. The
 * first request of a key counts, and the first end that answers it, as in the fold. Memory is bounded by what is open
 * at one time, not by the length of the stretch.
 * @throws IncompletePast where a record is not there
 */
export async function* readPast(log: Pick<EventLog, 'read'>, query: PastQuery): AsyncGenerator<PastPage> {
  const { place } = query;
  const ranges = [...query.cut.ranges].sort((a, b) => a.partition - b.partition);
  for (const range of ranges) {
    if (range.from >= range.to || (place && range.partition < place.partition)) continue;
    const known = place?.partition === range.partition ? place : undefined;
    if (known && known.done >= range.to) continue;
    yield* readPartition(log, query, range, known ?? { from: range.from, done: range.from });
  }
}

const outcomes: { readonly [type in PredictionEvent['type']]?: keyof PastCounts } = {
  PredictionSucceeded: 'succeeded',
  PredictionFailed: 'failed',
  PredictionCanceled: 'canceled',
  PredictionExpired: 'expired',
};

async function* readPartition(
  log: Pick<EventLog, 'read'>,
  query: PastQuery,
  { partition, from: start, to }: OffsetRange,
  { from, done }: Pick<PastPlace, 'from' | 'done'>,
): AsyncGenerator<PastPage> {
  const pending = createPending();
  const requestOf = async (waiting: Waiting): Promise<PredictionRequested> => {
    if (waiting.request) return waiting.request;
    const { offset } = waiting;
    const record = await recordAt(log, TOPICS.predictions, partition, offset);
    const event = record && eventOf(record);
    if (event?.type === 'PredictionRequested') return event;
    throw new IncompletePast(partition, offset);
  };
  let next = from;
  for await (const page of piecesOf(log.read({ topic: TOPICS.predictions, partition, from, to }))) {
    const counts = { ...noPast };
    const predictions: PastPrediction[] = [];
    for (const record of page) {
      if (record.offset !== next) throw new IncompletePast(partition, next);
      next += 1;
      const isNew = record.offset >= done;
      if (isNew) counts.records += 1;
      if (!concerns(record, query, pending)) continue;
      const event = eventOf(record);
      if (!event) {
        if (isNew) counts.undecodable += 1;
      } else if (event.type === 'PredictionRequested') {
        const isWanted = passes(record, query) && query.wants?.(event) !== false;
        if (isWanted && pending.add(record, event) && isNew) counts.requests += 1;
      } else {
        const ended = pending.get(record.key);
        const outcome = outcomes[event.type];
        if (!ended || !outcome || event.causationid !== ended.eventId) continue;
        pending.end(record.key);
        if (!isNew) continue;
        counts[outcome] += 1;
        if (event.type !== 'PredictionSucceeded') continue;
        const { offset, acceptedAt } = ended;
        const chars = ended.chars + record.value.length;
        const request = await requestOf(ended);
        predictions.push({
          ...{ key: record.key, partition, offset, acceptedAt, request, chars },
          ...{ result: event, endOffset: record.offset },
        });
      }
    }
    if (next >= to) counts.unfinished += pending.size;
    if (next > done || next >= to) {
      const place = {
        partition,
        from: Math.max(start, (pending.oldest() ?? next) - raceMax),
        done: Math.max(next, done),
      };
      yield { predictions, counts, place };
    }
  }
  if (next < to) throw new IncompletePast(partition, next);
}

async function* piecesOf(pages: AsyncIterable<readonly RecordedRecord[]>): AsyncGenerator<readonly RecordedRecord[]> {
  for await (const page of pages)
    for (let at = 0; at < page.length; at += pieceRecordsMax) yield page.slice(at, at + pieceRecordsMax);
}

/** Whether a record can tell anything; one that cannot is not parsed. */
const concerns = (record: RecordedRecord, query: PastQuery, pending: PendingRequests): boolean => {
  const type = record.headers['type'];
  if (type === undefined) return true;
  if (type === 'PredictionRequested') return passes(record, query);
  return Object.hasOwn(outcomes, type) && pending.get(record.key) !== undefined;
};

const passes = ({ key, headers }: RecordedRecord, { wantsKey, model }: PastQuery): boolean =>
  (model === undefined || headers['model'] === undefined || headers['model'] === model) && wantsKey?.(key) !== false;

const eventOf = (record: RecordedRecord): PredictionEvent | undefined => {
  const decoded = decode(record);
  return decoded.ok && isPredictionEvent(decoded.event) ? decoded.event : undefined;
};
