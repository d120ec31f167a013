import { encode, type PredictionEvent, type RecordedRecord, TOPICS } from '@hindcast/domain';
import type { Random } from '@hindcast/domain/testing';
import { anyPredictionEvent, eventKinds } from '@hindcast/domain/testing';
import type { Slice } from '../projection.ts';

export const partition = 0;
export const logId = 'log-1';
const hourMs = 3_600_000;
const logStartMs = 1_700_000_000_000;
/** Far enough apart for a short log to cross an hour. */
const msPerRecord = hourMs / 24;

/** The records of events as partition 0 of a topic with one partition holds them, from offset `from`. */
export const recordsOf = (events: readonly PredictionEvent[], from = 0): RecordedRecord[] =>
  events.map((event, i) => ({
    ...encode(event),
    topic: TOPICS.predictions,
    partition,
    offset: from + i,
    appendedAt: logStartMs + (from + i) * msPerRecord,
  }));

export const sliceOf = (records: readonly RecordedRecord[]): Slice => ({
  logId,
  epoch: 0,
  partition,
  partitions: 1,
  records,
});

/** A log in which few predictions meet many events, most of which contradict each other. */
export const randomRecords = (random: Random, { keys, records }: { keys: number; records: number }): RecordedRecord[] =>
  recordsOf(
    Array.from({ length: records }, () =>
      anyPredictionEvent({ id: `p-${random(keys)}`, kind: random(eventKinds), number: random(3), rival: random(2) }),
    ),
  );
