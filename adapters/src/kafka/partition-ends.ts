import { LogError, type Topic } from '@hindcast/domain';
import type { LogReading, OffsetRange } from './log-reading.ts';

/**
 * A broker that has just begun or ceased to lead a partition may tell an earlier end for a moment. Where it ends is asked
 * again after that.
 */
const lookAgainMs = 5_000;

/** What sees that a partition is no longer the one that it was. */
export interface PartitionEnds {
  /** From now on every partition has its LogOpened, and what is in doubt is looked at again. */
  begin(): void;
  /** Where the partition ends at least. Whoever asks Kafka something remembers it: answers may overtake each other. */
  known(topic: Topic, partition: number): number;
  /** Kafka told this end to somebody who asked when `known` was known. */
  told(topic: Topic, partition: number, end: number, known: number): void;
  /** Kafka does not have what a partition of the topic is known to have: it is looked at again. */
  doubt(topic: Topic): void;
  /**
   * Records were stored there, `first` being the offset of the first of them; they were sent when `known` was known. Only
   * where there is no failure then they may be acknowledged.
   */
  stored(topic: Topic, partition: number, first: number, count: number, known: number): void;
  /** Why nothing is to be written any more. */
  failure(): LogError | undefined;
  /** Resolves with `failure()`. */
  readonly lost: Promise<LogError>;
  stop(): void;
}

export interface PartitionEndsOptions {
  readonly partitions: ReadonlyMap<Topic, number>;
  readonly nameOf: (topic: Topic) => string;
  /** Asks whoever leads the partitions by now. Answers fewer where the topic has fewer. */
  readonly look: (topic: Topic, partitions: number) => Promise<readonly OffsetRange[]>;
}

/**
 * Kafka takes records for the name of a topic, also where somebody deleted that topic and made another one beside a process
 * that runs. Where a partition ends never goes back, and nothing is removed from its beginning: a record that was stored
 * before its end shows it, and so does an end that is still an earlier one after a while.
 */
export const createPartitionEnds = ({ partitions, nameOf, look }: PartitionEndsOptions): PartitionEnds => {
  const ends = new Map([...partitions].map(([topic, count]) => [topic, new Array<number>(count).fill(0)]));
  /** Of topics that are in doubt. */
  const looks = new Map<Topic, NodeJS.Timeout>();
  let watching = false;
  let failure: LogError | undefined;
  let tellLost: (error: LogError) => void = () => undefined;
  const lost = new Promise<LogError>((resolve) => {
    tellLost = resolve;
  });
  const known = (topic: Topic, partition: number): number => ends.get(topic)?.[partition] ?? 0;
  const raise = (topic: Topic, partition: number, end: number): void => {
    const those = ends.get(topic);
    if (those) those[partition] = Math.max(end, known(topic, partition));
  };
  const lose = (topic: Topic, partition: number, end: number, found: string): void => {
    failure ??= new LogError(
      'stopped',
      `Partition ${partition} of topic ${nameOf(topic)} ended at offset ${end}, and ${found} now: the topic was made anew, ` +
        'or has lost records. This process writes nothing more, and ends. A new start says whether the log can go on.',
    );
    tellLost(failure);
  };

  const lookSoon = (topic: Topic): void => {
    looks.set(
      topic,
      setTimeout(() => void lookAgain(topic), lookAgainMs),
    );
  };
  const lookAgain = async (topic: Topic): Promise<void> => {
    const before = [...(ends.get(topic) ?? [])];
    const ranges = await look(topic, before.length).catch(() => undefined);
    if (!watching) return;
    if (!ranges) {
      lookSoon(topic);
      return;
    }
    looks.delete(topic);
    for (const [partition, end] of before.entries()) {
      const now = ranges[partition];
      if (!now) lose(topic, partition, end, 'is not there');
      else if (now.start > 0) lose(topic, partition, end, `begins at ${now.start}`);
      else if (now.end < end) lose(topic, partition, end, `ends at ${now.end}`);
    }
  };
  const doubt = (topic: Topic): void => {
    if (watching && !failure && !looks.has(topic)) lookSoon(topic);
  };

  return {
    begin() {
      watching = true;
      for (const [topic, those] of ends) for (const partition of those.keys()) raise(topic, partition, 1);
    },
    known,
    told(topic, partition, end, knownThen) {
      raise(topic, partition, end);
      if (end < knownThen) doubt(topic);
    },
    doubt,
    stored(topic, partition, first, count, knownThen) {
      raise(topic, partition, first + count);
      if (first < knownThen) lose(topic, partition, knownThen, `a record was stored at ${first}`);
    },
    failure: () => failure,
    lost,
    stop() {
      watching = false;
      for (const timer of looks.values()) clearTimeout(timer);
    },
  };
};

/** The reading, of which every look at the ends is told. */
export const tellingEnds = (reading: LogReading, ends: Pick<PartitionEnds, 'known' | 'told'>): LogReading => ({
  ...reading,
  offsets: async (topic, partitions, patienceMs) => {
    const known = Array.from({ length: partitions }, (_, partition) => ends.known(topic, partition));
    const ranges = await reading.offsets(topic, partitions, patienceMs);
    for (const [partition, { end }] of ranges.entries()) ends.told(topic, partition, end, known[partition] ?? 0);
    return ranges;
  },
});
