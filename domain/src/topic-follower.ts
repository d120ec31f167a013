import type { DomainEvent } from './domain-events.ts';
import { decode } from './event-codec.ts';
import type { EventLog, RecordedRecord, Topic } from './event-log.ts';

/** A whole topic, folded in memory by one process for itself. */
export interface TopicFollower {
  /** Resolves when everything appended before the call is folded; rejects after `timeoutMs`. */
  catchUp(timeoutMs?: number): Promise<void>;
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

  return {
    async catchUp(timeoutMs = 10_000) {
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
    },
    stop: () => consumer.stop(),
  };
};
