import type { RecordedRecord } from '../event-log.ts';
import type { PredictionRequested } from '../prediction-events.ts';

/** Length of all requests that are kept in memory until their ends come; others are read again. */
const heldCharsMax = 32 * 1_048_576;
/** Keys that have ended and are remembered, so that a repeat which came late is not taken for a request. */
const endedMax = 10_000;

export interface Waiting {
  readonly eventId: string;
  readonly offset: number;
  readonly acceptedAt: number;
  readonly chars: number;
  /** undefined: there was no room for it. */
  readonly request: PredictionRequested | undefined;
}

/** Requests that may wait for their ends at once; beyond, the oldest is given up. */
const waitingMax = 500_000;

/** Requests of one partition whose ends are still to come, the oldest first. */
export interface PendingRequests {
  /** Those that were given up, too. */
  readonly size: number;
  get(key: string): Waiting | undefined;
  /** false: it repeats one that is known. */
  add(record: RecordedRecord, request: PredictionRequested): boolean;
  end(key: string): void;
  /** Offset of the oldest one. */
  oldest(): number | undefined;
}

export const createPending = (): PendingRequests => {
  const waiting = new Map<string, Waiting>();
  const ended = new Set<string>();
  let heldChars = 0;
  let givenUp = 0;

  const forget = (key: string): void => {
    const known = waiting.get(key);
    if (known?.request) heldChars -= known.chars;
    waiting.delete(key);
  };

  return {
    get size() {
      return waiting.size + givenUp;
    },
    get: (key) => waiting.get(key),
    add({ key, offset, appendedAt, value }, request) {
      if (waiting.has(key) || ended.has(key)) return false;
      const chars = value.length;
      const kept = heldChars + chars <= heldCharsMax ? request : undefined;
      if (kept) heldChars += chars;
      waiting.set(key, { eventId: request.id, offset, acceptedAt: appendedAt, chars, request: kept });
      const [first] = waiting.keys();
      if (waiting.size > waitingMax && first !== undefined) {
        forget(first);
        givenUp += 1;
      }
      return true;
    },
    end(key) {
      if (!waiting.has(key)) return;
      forget(key);
      ended.add(key);
      const [first] = ended;
      if (ended.size > endedMax && first !== undefined) ended.delete(first);
    },
    oldest() {
      const [first] = waiting.values();
      return first?.offset;
    },
  };
};
