import { type ConsumerHandlers, LogError, type RecordedRecord, type Topic } from '@hindcast/domain';
import { type ConsumerFailure, retryPauseMsMax, retryPauseMsMin } from '@hindcast/domain/in-memory';
import { backOffMs, createPauses, nextTurn } from './pauses.ts';
import { decodeMessage, type FetchedMessage } from './record-decoding.ts';

/** A handler that does not return: until it does nothing more of its partition is handled. */
export interface HandlerSilence {
  readonly partition: number;
  readonly offset: number;
  readonly silentMs: number;
}

export interface SeatOptions {
  readonly topic: Topic;
  readonly group: string | null;
  readonly partition: number;
  readonly committed: number | undefined;
  readonly handlers: ConsumerHandlers;
  readonly batchMax: number;
  readonly readAheadBytesMax: number;
  readonly handlerSilenceMsMax: number;
  /** It wants records again. */
  readonly onHungry: () => void;
  readonly onFailure: (failure: ConsumerFailure) => void;
  /** Once of each call of a handler. */
  readonly onSilence: (silence: HandlerSilence) => void;
}

/** A partition in the hands of one consumer: what was fetched of it, what was handled, what may be committed. */
export interface Seat {
  readonly partition: number;
  wantsRecords(): boolean;
  /** Whether records that are there are not asked for, because enough of them wait. */
  isFull(): boolean;
  fetchFrom(): number;
  /** What Kafka answered to a fetch from `from`. Whatever does not continue what is there is not taken. */
  accept(from: number, messages: readonly FetchedMessage[], end: number): void;
  /** The fetch failed for this partition only. */
  refuse(error: unknown): void;
  commit(next: number): void;
  /** The commit that Kafka does not have yet. */
  takeCommit(): number | undefined;
  /** Kafka did not get it. */
  returnCommit(next: number): void;
  pause(): void;
  resume(): void;
  /** Resolves after the running handler is done, or was silent for too long. `told` calls `onRevoked`. */
  release(told: boolean): Promise<void>;
}

/**
 * Handlers run in a loop of their own, never in the fetch: one that takes its time holds up neither other partitions nor
 * the heartbeat, and nothing is fetched before `onAssigned` has said from where.
 */
export const createSeat = (options: SeatOptions): Seat => {
  const { topic, group, partition, committed, handlers, batchMax, onHungry, onFailure } = options;
  const pauses = createPauses();
  let assigned = false;
  let released = false;
  let paused = false;
  let failures = 0;
  let fetchFailures = 0;
  let fetchBlocked: NodeJS.Timeout | undefined;
  /** Records from offset `next` on; those before `head` are handled. */
  let ahead: RecordedRecord[] = [];
  let head = 0;
  let aheadUnits = 0;
  let next = 0;
  let fetchNext = 0;
  let end = 0;
  let lastCommit = committed ?? -1;
  let pendingCommit: number | undefined;
  let running: Promise<void> | undefined;
  let releasing: Promise<void> | undefined;
  let silent = false;
  let onSilent: (() => void) | undefined;

  const watch = async <T>(handle: () => T | Promise<T>): Promise<T> => {
    const silentMs = options.handlerSilenceMsMax;
    const timer = setTimeout(() => {
      silent = true;
      options.onSilence({ partition, offset: next, silentMs });
      onSilent?.();
    }, silentMs);
    try {
      return await handle();
    } finally {
      clearTimeout(timer);
      silent = false;
    }
  };
  const silence = (): Promise<void> =>
    new Promise((resolve) => {
      onSilent = resolve;
      if (silent) resolve();
    });

  const assign = async (): Promise<void> => {
    const override = await watch(() => handlers.onAssigned?.(partition, committed));
    next = Math.max(override ?? committed ?? 0, 0);
    fetchNext = next;
    assigned = true;
    onHungry();
  };

  const deliver = async (): Promise<void> => {
    const records = ahead.slice(head, head + batchMax);
    const batch = { topic, partition, records, end: Math.max(end, next + records.length) };
    await watch(() => handlers.onBatch(batch));
    next += records.length;
    head += records.length;
    for (const { value } of records) aheadUnits -= value.length;
    if (head === ahead.length) {
      ahead = [];
      head = 0;
    }
    onHungry();
  };

  const idle = (): boolean => released || (assigned && (paused || head === ahead.length));

  const loop = async (): Promise<void> => {
    while (!idle()) {
      await nextTurn();
      if (idle()) break;
      try {
        await (assigned ? deliver() : assign());
        failures = 0;
      } catch (error) {
        failures += 1;
        onFailure({ error, topic, group, partition, offset: next, failures });
        if (!released) await pauses.pause(backOffMs(failures, retryPauseMsMin, retryPauseMsMax));
      }
    }
    running = undefined;
  };
  const run = (): void => {
    if (!running && !idle()) running = loop();
  };

  const refuse = (error: unknown): void => {
    if (released) return;
    fetchFailures += 1;
    onFailure({ error, topic, group, partition, offset: fetchNext, failures: fetchFailures });
    clearTimeout(fetchBlocked);
    fetchBlocked = setTimeout(
      () => {
        fetchBlocked = undefined;
        onHungry();
      },
      backOffMs(fetchFailures, retryPauseMsMin, retryPauseMsMax),
    );
  };

  const take = (messages: readonly FetchedMessage[]): void => {
    for (const message of messages) {
      const offset = Number(message.offset);
      if (offset < fetchNext) continue;
      if (offset > fetchNext || message.isControlRecord) {
        const found = message.isControlRecord ? 'the mark of a transaction' : `offset ${offset}`;
        throw new LogError(
          'foreign_log',
          `${topic} partition ${partition} has no record at offset ${fetchNext}, but ${found}: records were removed, or others write to it.`,
        );
      }
      const record = decodeMessage(topic, partition, message);
      ahead.push(record);
      aheadUnits += record.value.length;
      fetchNext += 1;
    }
  };

  const release = async (told: boolean): Promise<void> => {
    released = true;
    clearTimeout(fetchBlocked);
    pauses.wake();
    await Promise.race([running, silence()]);
    try {
      if (told) handlers.onRevoked?.(partition);
    } catch (error) {
      onFailure({ error, topic, group, partition, offset: next, failures: 1 });
    }
  };

  run();
  return {
    partition,
    wantsRecords: () => assigned && !released && fetchBlocked === undefined && aheadUnits < options.readAheadBytesMax,
    isFull: () => assigned && !released && aheadUnits >= options.readAheadBytesMax,
    fetchFrom: () => fetchNext,
    accept: (from, messages, endThen) => {
      if (released || from !== fetchNext) return;
      end = endThen;
      try {
        take(messages);
        fetchFailures = 0;
      } catch (error) {
        refuse(error);
      }
      run();
    },
    refuse,
    commit: (offset) => {
      const bounded = Math.min(offset, Math.max(end, fetchNext));
      if (!assigned || group === null || bounded <= lastCommit) return;
      lastCommit = bounded;
      pendingCommit = bounded;
    },
    takeCommit: () => {
      const commit = pendingCommit;
      pendingCommit = undefined;
      return commit;
    },
    returnCommit: (offset) => {
      pendingCommit ??= offset;
    },
    pause: () => {
      paused = true;
    },
    resume: () => {
      paused = false;
      run();
    },
    release: (told) => {
      releasing ??= release(told);
      return releasing;
    },
  };
};
