import type { DomainEvent } from './domain-events.ts';
import { decode } from './event-codec.ts';
import type { EventLog, RecordedRecord, Topic } from './event-log.ts';

/** A whole topic, folded in memory by one process for itself. */
export interface TopicFollower {
  /** Resolves when everything appended before the call is folded; rejects after `timeoutMs`. */
  catchUp(timeoutMs?: number): Promise<void>;
  /**
   * undefined where what is folded is all that the log had `ageMsMax` ago, as far as this process has seen; else the
   * promise of that, which rejects after `timeoutMs`. Looks at the end of the log from time to time while it is asked.
   */
  behind(ageMsMax: number, timeoutMs: number): Promise<void> | undefined;
  stop(): Promise<void>;
}

/** `take` gets every event of the topic that this program knows, from the first on. */
export const followTopic = async (
  log: Pick<EventLog, 'consume' | 'bounds'>,
  topic: Topic,
  name: string,
  take: (record: RecordedRecord, event: DomainEvent) => void,
): Promise<TopicFollower> => {
  const next = new Map<number, number>();
  const waiters = new Set<() => void>();
  /** What the log had at this time is folded. */
  let currentAt = Number.NEGATIVE_INFINITY;
  let looking: Promise<void> | undefined;

  const consumer = await log.consume(
    { topic, group: null },
    {
      async onBatch({ partition, records }) {
        for (const record of records) {
          const decoded = decode(record);
          if (decoded.ok) take(record, decoded.event);
          next.set(partition, record.offset + 1);
        }
        for (const check of waiters) check();
      },
    },
  );

  const reach = async (timeoutMs: number): Promise<void> => {
    const ends = await log.bounds(topic);
    const reached = () => ends.every(({ partition, end }) => (next.get(partition) ?? 0) >= end);
    if (reached()) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => settle(() => reject(new Error(`The ${name} did not catch up within ${timeoutMs} ms.`))),
        timeoutMs,
      );
      const settle = (end: () => void) => {
        clearTimeout(timer);
        waiters.delete(check);
        end();
      };
      const check = () => reached() && settle(resolve);
      waiters.add(check);
    });
  };
  const catchUp = async (timeoutMs = 10_000): Promise<void> => {
    const askedAt = performance.now();
    await reach(timeoutMs);
    currentAt = Math.max(currentAt, askedAt);
  };
  const look = (timeoutMs: number): Promise<void> => {
    looking ??= catchUp(timeoutMs).finally(() => {
      looking = undefined;
    });
    return looking;
  };

  return {
    catchUp,
    behind(ageMsMax, timeoutMs) {
      const age = performance.now() - currentAt;
      if (age > ageMsMax) return look(timeoutMs);
      // Asked in time, nobody has to wait. Who is asked next tells of a failure.
      if (age > ageMsMax / 2) look(timeoutMs).catch(() => {});
      return undefined;
    },
    stop: () => consumer.stop(),
  };
};
