import { type AppendOutcome, LogError, type NewRecord } from '@hindcast/domain';
import type { LogTopic } from './log-topic.ts';
import type { AppendCall } from './log-writer.ts';

/** Bounds of what waits for a flush, and of one flush. Units are UTF-16 units of the values. */
export interface LogQueueLimits {
  readonly queueRecordsMax: number;
  readonly queueUnitsMax: number;
}
export const defaultQueueLimits: LogQueueLimits = { queueRecordsMax: 100_000, queueUnitsMax: 67_108_864 };
const flushRecordsMax = 10_000;
const flushUnitsMax = 8_388_608;

interface Waiting extends AppendCall {
  readonly units: number;
  readonly resolve: (outcomes: AppendOutcome[]) => void;
}

export interface LogQueue {
  append(topic: LogTopic, records: readonly NewRecord[]): Promise<AppendOutcome[]>;
  /** Asks for a flush although nothing may wait. */
  poke(): void;
  /** Flushes all that waits, now; later appends are refused. */
  close(): void;
}

const refuseAll = (records: readonly NewRecord[], error: LogError): AppendOutcome[] =>
  records.map(() => ({ ok: false, error }));

/**
 * Group commit: while one flush runs, the next one gathers. A call is flushed as a whole. The first flush after a pause
 * waits only for the end of the current turn of the event loop.
 */
export const createLogQueue = (
  limits: LogQueueLimits,
  flush: (calls: readonly AppendCall[]) => readonly AppendOutcome[][],
): LogQueue => {
  let waiting: Waiting[] = [];
  let records = 0;
  let units = 0;
  let scheduled = false;
  let closed = false;

  const take = (): Waiting[] => {
    let count = 0;
    let takenRecords = 0;
    let takenUnits = 0;
    for (const call of waiting) {
      if (count > 0 && (takenRecords >= flushRecordsMax || takenUnits >= flushUnitsMax)) break;
      takenRecords += call.records.length;
      takenUnits += call.units;
      count += 1;
    }
    const taken = count === waiting.length ? waiting : waiting.slice(0, count);
    waiting = count === waiting.length ? [] : waiting.slice(count);
    records -= takenRecords;
    units -= takenUnits;
    return taken;
  };

  const run = (): void => {
    const calls = take();
    try {
      const outcomes = flush(calls);
      for (const [i, call] of calls.entries()) call.resolve(outcomes[i] as AppendOutcome[]);
    } catch (cause) {
      const detail = cause instanceof Error ? cause.message : String(cause);
      const error = new LogError('unavailable', `The log could not be written: ${detail}.`, { cause });
      for (const call of calls) call.resolve(refuseAll(call.records, error));
    }
  };

  const poke = (): void => {
    if (scheduled || closed) return;
    scheduled = true;
    setImmediate(() => {
      scheduled = false;
      if (closed) return;
      run();
      if (waiting.length > 0) poke();
    });
  };

  return {
    append: (topic, added) => {
      if (closed) return Promise.resolve(refuseAll(added, new LogError('stopped', 'The log is closed.')));
      let addedUnits = 0;
      for (const record of added) addedUnits += record.value.length;
      const full = records + added.length > limits.queueRecordsMax || units + addedUnits > limits.queueUnitsMax;
      if (full && waiting.length > 0) {
        const error = new LogError('unavailable', 'Too much is waiting to be written to the log: try again.');
        return Promise.resolve(refuseAll(added, error));
      }
      records += added.length;
      units += addedUnits;
      poke();
      return new Promise((resolve) => {
        waiting.push({ topic, records: added, units: addedUnits, resolve });
      });
    },
    poke,
    close: () => {
      closed = true;
      do run();
      while (waiting.length > 0);
    },
  };
};
