import { LogError, type Logger, type Topic } from '@hindcast/domain';
import { withDeadline } from './deadline.ts';
import type { KafkaLogBounds } from './event-log-options.ts';
import { failureOf } from './kafka-failure.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { LogReading } from './log-reading.ts';
import { backOffMs, createPauses } from './pauses.ts';

const lookMsMin = 50;
const lookMsMax = 1_000;
/** Brokers that start may not know of a topic yet. */
const unknownLooksMin = 2;

export interface TopicWatchOptions {
  /** Connections of its own, so that no look is in the way of reads. */
  readonly open: () => {
    readonly link: Pick<KafkaLink, 'recover' | 'close'>;
    readonly reading: Pick<LogReading, 'endsOf'>;
  };
  readonly partitions: ReadonlyMap<Topic, number>;
  readonly nameOf: (topic: Topic) => string;
  readonly bounds: Pick<KafkaLogBounds, 'requestReadTimeoutMs'>;
  readonly logger: Logger;
  /** Something may be written again, or never. */
  readonly onSettled: () => void;
}

/**
 * Kafka takes records for the name of a topic, also where somebody deleted that topic and made another one. A record that is
 * written there before its LogOpened is in no log, and keeps every process from starting. Ends of partitions tell: they never go back.
 */
export interface TopicWatch {
  /** From now on, when every partition has its LogOpened. */
  begin(): void;
  /** Whether the partition may be another one than it was: nothing is written to it then. */
  doubts(topic: Topic, partition: number): boolean;
  /** A request failed: its partition is looked at before the next one. */
  doubt(topic: Topic, partition: number): void;
  /** Where the partition ends, as far as this process has seen. */
  endOf(topic: Topic, partition: number): number;
  /** Somebody who asked when `endOf` said `before` was told this end. */
  saw(topic: Topic, partition: number, before: number, end: number): void;
  /** Why nothing is written any more. */
  failure(): LogError | undefined;
  /** Resolves with `failure()`. */
  readonly lost: Promise<LogError>;
  /** Rejects while a topic is missing. */
  check(): Promise<void>;
  stop(): Promise<void>;
}

export const createTopicWatch = (options: TopicWatchOptions): TopicWatch => {
  const { open, partitions, nameOf, logger, onSettled } = options;
  const lookTimeoutMs = options.bounds.requestReadTimeoutMs;
  const pauses = createPauses();
  const known = new Map([...partitions].map(([topic, count]) => [topic, new Array<number>(count).fill(0)]));
  const doubted = new Map([...partitions.keys()].map((topic) => [topic, new Set<number>()]));
  const unknownLooks = new Map<Topic, number>();
  let place = open();
  let recovering: Promise<void> | undefined;
  let stopped = false;
  let failure: LogError | undefined;
  let tellLost: (error: LogError) => void = () => undefined;
  const lost = new Promise<LogError>((resolve) => {
    tellLost = resolve;
  });

  const endOf = (topic: Topic, partition: number): number => known.get(topic)?.[partition] ?? 0;
  const saw = (topic: Topic, partition: number, before: number, end: number): void => {
    const ends = known.get(topic) ?? [];
    ends[partition] = Math.max(end, endOf(topic, partition));
    if (end >= before) return;
    failure ??= new LogError(
      'stopped',
      `Partition ${partition} of topic ${nameOf(topic)} ended at offset ${before}, and ends at ${end} now: the topic was made anew, ` +
        'or has lost records. This process writes nothing more, and ends. A new start says whether the log can go on.',
    );
    tellLost(failure);
    onSettled();
  };

  /** One for all. What a link owes may never come, and whoever shares it would wait too: then there is a new one. */
  const recover = (error: unknown): Promise<void> => {
    recovering ??= (
      failureOf(error).timedOut ? Promise.reject(error) : withDeadline(lookTimeoutMs, place.link.recover(error))
    )
      .catch(() => {
        if (stopped) return;
        const old = place;
        place = open();
        void old.link.close().catch(() => undefined);
      })
      .finally(() => {
        recovering = undefined;
      });
    return recovering;
  };
  const look = async (topic: Topic, those: readonly number[]): Promise<void> => {
    const before = those.map((partition) => endOf(topic, partition));
    try {
      const ends = await withDeadline(lookTimeoutMs, place.reading.endsOf(topic, those));
      for (const [i, partition] of those.entries()) saw(topic, partition, before[i] ?? 0, ends[i] ?? 0);
      unknownLooks.delete(topic);
    } catch (error) {
      if (failureOf(error).type === 'UNKNOWN_TOPIC_OR_PARTITION') missed(topic);
      await recover(error);
      throw error;
    }
  };
  const missed = (topic: Topic): void => {
    const looks = 1 + (unknownLooks.get(topic) ?? 0);
    unknownLooks.set(topic, looks);
    if (looks !== unknownLooksMin) return;
    logger.error(
      { topic: nameOf(topic) },
      'A topic of the log is missing. Restore it; or stop every process of the log, and start one: it says how to go on.',
    );
  };

  const resolve = async (topic: Topic, partition: number, doubts: Set<number>): Promise<void> => {
    for (let failures = 1; !stopped && !failure; failures++) {
      const isSeen = await look(topic, [partition]).then(
        () => true,
        () => false,
      );
      if (isSeen) break;
      await new Promise((next) => setTimeout(next, backOffMs(failures, lookMsMin, lookMsMax)));
    }
    doubts.delete(partition);
    onSettled();
  };
  const doubt = (topic: Topic, partition: number): void => {
    const doubts = doubted.get(topic);
    if (!doubts || doubts.has(partition) || stopped) return;
    doubts.add(partition);
    void resolve(topic, partition, doubts);
  };

  const live = async (): Promise<void> => {
    while (!stopped && !failure) {
      await Promise.all(
        [...known].map(async ([topic, ends]) => {
          const all = [...ends.keys()];
          await look(topic, all).catch(() => {
            if (unknownLooks.has(topic)) for (const partition of all) doubt(topic, partition);
          });
        }),
      );
      if (!stopped) await pauses.pause(lookMsMax);
    }
  };

  return {
    begin: () => {
      for (const ends of known.values())
        for (const [partition, end] of ends.entries()) ends[partition] = Math.max(end, 1);
      void live();
    },
    doubts: (topic, partition) => doubted.get(topic)?.has(partition) === true,
    doubt,
    endOf,
    saw,
    failure: () => failure,
    lost,
    check: async () => {
      const missing = [...unknownLooks.keys()].map(nameOf);
      if (missing.length > 0) throw new Error(`The log is not whole: ${missing.join(', ')} cannot be found.`);
    },
    stop: async () => {
      stopped = true;
      pauses.wake();
      await recovering;
      await place.link.close();
    },
  };
};
