import type { ConsumerHandlers, RecordBatch, RecordedRecord, Topic } from '../event-log.ts';

/** What consumption needs of a log in the same process. All calls are synchronous: no waiting between check and use. */
export interface LogSource {
  partitions(topic: Topic): number;
  start(topic: Topic, partition: number): number;
  /** Offset that the next record will get. */
  end(topic: Topic, partition: number): number;
  /** Contiguous records from `from`, at least one where `from` is before the end, at most `max`. May throw. */
  fetch(topic: Topic, partition: number, from: number, max: number): readonly RecordedRecord[];
  /**
   * Every group has been given the records before this offset, and nobody who keeps up asks for them again: records that
   * are forgotten young cost the garbage collector nothing.
   */
  handedOut?(topic: Topic, partition: number, before: number): void;
  committed(topic: Topic, group: string, partition: number): number | undefined;
  saveCommitted(topic: Topic, group: string, partition: number, next: number): void;
}

/** A handler or a fetch threw; the same records come again after a pause. */
export interface ConsumerFailure {
  readonly error: unknown;
  readonly topic: Topic;
  readonly group: string | null;
  readonly partition: number;
  /** The first record that will be handed out again. */
  readonly offset: number;
  /** Failures in a row. */
  readonly failures: number;
}

export interface Member {
  readonly handlers: ConsumerHandlers;
  readonly batchMax: number;
  stopping: boolean;
}

export const retryPauseMsMin = 50;
export const retryPauseMsMax = 5_000;

export interface SeatOptions {
  readonly topic: Topic;
  readonly group: string | null;
  readonly partition: number;
  readonly source: LogSource;
  readonly onFailure: (failure: ConsumerFailure) => void;
  /** A batch was handled. */
  readonly onProgress: () => void;
}

/** A partition as one group sees it: who holds it, who shall hold it, and how far it has got. */
export interface Seat {
  /** Resolves when the member who held the partition before has let go of it. */
  give(to: Member | undefined): Promise<void>;
  holder(): Member | undefined;
  /** The first offset that was not handed out. */
  next(): number;
  wake(): void;
  commit(member: Member, next: number): void;
  pause(member: Member): void;
  resume(member: Member): void;
}

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * One loop does everything that happens to the partition, one thing after the other: that is why a handler never runs
 * twice at a time, and why a partition changes hands only between two batches.
 */
export const createSeat = ({ topic, group, partition, source, onFailure, onProgress }: SeatOptions): Seat => {
  let wanted: Member | undefined;
  let holder: Member | undefined;
  let assigned = false;
  let paused = false;
  let looping = false;
  let failures = 0;
  let next = 0;
  let cutPauseShort: (() => void) | undefined;
  let onLeft: (() => void)[] = [];

  const release = (member: Member): void => {
    holder = undefined;
    assigned = false;
    paused = false;
    failures = 0;
    try {
      // Whoever stops knows that it gives everything back: only a rebalance has to be told.
      if (!member.stopping) member.handlers.onRevoked?.(partition);
    } catch (error) {
      onFailure({ error, topic, group, partition, offset: next, failures: 1 });
    }
    for (const left of onLeft) left();
    onLeft = [];
  };

  const assign = async (member: Member): Promise<void> => {
    const committed = group === null ? undefined : source.committed(topic, group, partition);
    const start = source.start(topic, partition);
    next = committed ?? start;
    const override = await member.handlers.onAssigned?.(partition, committed);
    next = Math.max(override ?? next, start);
    assigned = true;
  };

  const deliver = async (member: Member): Promise<void> => {
    const records = source.fetch(topic, partition, next, member.batchMax);
    const batch: RecordBatch = { topic, partition, records, end: source.end(topic, partition) };
    await member.handlers.onBatch(batch);
    next += records.length;
    onProgress();
  };

  const pauseAfter = (error: unknown): Promise<void> => {
    failures += 1;
    onFailure({ error, topic, group, partition, offset: next, failures });
    const pauseMs = Math.min(retryPauseMsMax, retryPauseMsMin * 2 ** Math.min(failures - 1, 16));
    return new Promise((resolve) => {
      const timer = setTimeout(resolve, pauseMs);
      cutPauseShort = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  };

  const idle = (): boolean =>
    holder === wanted && (!holder || (assigned && (paused || next >= source.end(topic, partition))));

  const step = async (): Promise<void> => {
    if (holder !== wanted) {
      if (holder) release(holder);
      holder = wanted;
      return;
    }
    if (!holder) return;
    try {
      await (assigned ? deliver(holder) : assign(holder));
      failures = 0;
    } catch (error) {
      if (holder === wanted) await pauseAfter(error);
      cutPauseShort = undefined;
    }
  };

  const loop = async (): Promise<void> => {
    while (!idle()) {
      await nextTurn();
      if (!idle()) await step();
    }
    looping = false;
  };

  const wake = (): void => {
    if (looping || idle()) return;
    looping = true;
    void loop();
  };

  return {
    give: (to) =>
      new Promise((resolve) => {
        if (holder && holder !== to) onLeft.push(resolve);
        else resolve();
        wanted = to;
        cutPauseShort?.();
        wake();
      }),
    holder: () => wanted,
    next: () => next,
    wake,
    commit: (member, offset) => {
      if (group === null || member !== holder || !assigned) return;
      const bounded = Math.min(offset, source.end(topic, partition));
      if (bounded > (source.committed(topic, group, partition) ?? -1)) {
        source.saveCommitted(topic, group, partition, bounded);
      }
    },
    pause: (member) => {
      if (member === holder) paused = true;
    },
    resume: (member) => {
      if (member !== holder) return;
      paused = false;
      wake();
    },
  };
};
