import { vi } from 'vitest';
import {
  type AppendOutcome,
  type ConsumerHandlers,
  type EventLog,
  type LogConsumer,
  type NewRecord,
  type RecordBatch,
  type RecordedRecord,
  type Subscription,
  TOPICS,
  type Topic,
} from '../event-log.ts';

/** What a factory answers: an empty log with at least these partitions. */
export interface EventLogUnderTest {
  readonly log: EventLog;
  /** Opens the same log again, as the next process would. Absent where nothing outlives the process. */
  reopen?(): Promise<EventLog>;
  close(): Promise<void>;
}
export type OpenEventLog = () => Promise<EventLogUnderTest>;

/** The partitions that the contract needs. */
export const contractPartitions: Readonly<Record<Topic, number>> = {
  [TOPICS.predictions]: 4,
  [TOPICS.models]: 1,
  [TOPICS.jobs]: 2,
  [TOPICS.audit]: 1,
  [TOPICS.deadLetters]: 2,
};

/** Long enough for a broker that rebalances. */
const waitMsMax = 30_000;
export const contractTestMsMax = 60_000;

export const topic = TOPICS.predictions;
export const partitions = contractPartitions[topic];

export const record = (key: string, value = `value of ${key}`): NewRecord => ({
  key,
  value,
  headers: { type: 'Test' },
});
export const records = (count: number, name = 'k'): NewRecord[] =>
  Array.from({ length: count }, (_, i) => record(`${name}-${i}`, `${name} ${i}`));

export const placed = (outcomes: readonly AppendOutcome[]) =>
  outcomes.map((outcome) => {
    if (!outcome.ok) throw outcome.error;
    return outcome;
  });

export const until = (condition: () => void): Promise<void> =>
  vi.waitFor(condition, { timeout: waitMsMax, interval: 5 });

export const readAll = async (log: EventLog, of: Topic, partition: number, from = 0, to?: number) => {
  const all: RecordedRecord[] = [];
  const range = { topic: of, partition, from };
  for await (const page of log.read(to === undefined ? range : { ...range, to })) all.push(...page);
  return all;
};

/** A gate that handlers wait at. */
export const createGate = () => {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
};

/** A consumer that writes down what happens to it. */
export const follow = async (
  log: EventLog,
  subscription: Omit<Subscription, 'topic'>,
  own: Partial<ConsumerHandlers> = {},
) => {
  const batches: RecordBatch[] = [];
  const assigned = new Map<number, number | undefined>();
  const revoked: number[] = [];
  const consumer: LogConsumer = await log.consume(
    { topic, ...subscription },
    {
      onAssigned: async (partition, committed) => {
        assigned.set(partition, committed);
        return own.onAssigned?.(partition, committed);
      },
      onBatch: async (batch) => {
        await own.onBatch?.(batch);
        batches.push(batch);
      },
      onRevoked: (partition) => {
        revoked.push(partition);
        own.onRevoked?.(partition);
      },
    },
  );
  const seen = (): RecordedRecord[] => batches.flatMap((batch) => batch.records);
  return {
    consumer,
    batches,
    assigned,
    revoked,
    seen,
    offsets: (partition: number): number[] =>
      seen()
        .filter((of) => of.partition === partition)
        .map(({ offset }) => offset),
    keys: (): string[] =>
      seen()
        .filter(({ headers }) => headers['type'] === 'Test')
        .map(({ key }) => key),
  };
};

export const range = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i);

/** Commits all that a batch holds. */
export const commitBatch = (consumer: LogConsumer, { partition, records: handled }: RecordBatch): void => {
  const last = handled.at(-1);
  if (last) consumer.commit(partition, last.offset + 1);
};
