import {
  decode,
  doorHeader,
  importedPool,
  isPredictionEvent,
  type PredictionEvent,
  partitionOf,
  type RecordedRecord,
} from '@hindcast/domain';
import type { Folded, OpenSet } from './open-set.ts';

/** What of the log concerns one process. */
export interface IntakeFilter {
  /** Partitions of the topic: a request whose key belongs elsewhere could never be ended and is left to the dead letters. */
  readonly partitions: number;
  /** Pools whose requests are taken, or all. */
  readonly pools: ReadonlySet<string> | 'all';
  /** Whether what was imported is taken: it is never run, but needs an end where an import broke off before it. */
  readonly imported: boolean;
}

const skipped: ReadonlySet<string> = new Set(['LogOpened', 'PredictionLabeled']);

/**
 * Folds one record into the set, parsing only what can change it: headers tell requests of other pools, and an answer to
 * a prediction that is not open here changes nothing. What cannot be decoded is the projectors' to report.
 */
export const takeRecord = <W>(set: OpenSet<W>, record: RecordedRecord, filter: IntakeFilter): Folded<W> | undefined => {
  if (!concerns(set, record, filter)) {
    set.passed(record.offset);
    return undefined;
  }
  const event = predictionEventOf(record);
  if (!event || (event.type === 'PredictionRequested' && !takes(event.data.pool, filter))) {
    set.passed(record.offset);
    return undefined;
  }
  return set.fold(record.key, storedOf(record, event), record.value.length, record.headers[doorHeader]);
};

/** Folds one record from beyond the set's own place: it can end or advance a prediction, never open one. */
export const takeRecordAhead = <W>(set: OpenSet<W>, record: RecordedRecord): Folded<W> | undefined => {
  const type = record.headers['type'];
  if (type === 'PredictionRequested' || !set.get(record.key)) return undefined;
  const event = predictionEventOf(record);
  return event && set.foldAhead(record.key, storedOf(record, event));
};

const concerns = <W>(set: OpenSet<W>, record: RecordedRecord, filter: IntakeFilter): boolean => {
  const type = record.headers['type'] ?? '';
  if (skipped.has(type)) return false;
  if (set.get(record.key)) return true;
  if (type !== 'PredictionRequested') return false;
  return takes(record.headers['pool'], filter) && partitionOf(record.key, filter.partitions) === set.partition;
};

const takes = (pool: string | undefined, { pools, imported }: IntakeFilter): boolean =>
  pool === importedPool ? imported : pools === 'all' || pool === undefined || pools.has(pool);

/** undefined where the record holds no event of a prediction. */
export const predictionEventOf = (record: RecordedRecord): PredictionEvent | undefined => {
  const decoded = decode(record);
  return decoded.ok && isPredictionEvent(decoded.event) ? decoded.event : undefined;
};

const storedOf = (record: RecordedRecord, event: PredictionEvent) => ({
  event,
  offset: record.offset,
  appendedAt: record.appendedAt,
});
