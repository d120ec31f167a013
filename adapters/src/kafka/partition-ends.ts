import { LogError, type Topic } from '@hindcast/domain';

/** What sees that a partition is no longer the one that it was. */
export interface PartitionEnds {
  /** From now on every partition has its LogOpened. */
  begin(): void;
  /** Records were stored there, `first` being the offset of the first of them. Whether that is behind what was known. */
  stored(topic: Topic, partition: number, first: number, count: number): boolean;
  /** Why nothing is to be written any more. */
  failure(): LogError | undefined;
  /** Resolves with `failure()`. */
  readonly lost: Promise<LogError>;
}

/**
 * Kafka takes records for the name of a topic, also where somebody deleted that topic and made another one beside a process
 * that runs. Where a partition ends never goes back: a record that was stored before its end shows it.
 */
export const createPartitionEnds = (
  partitions: ReadonlyMap<Topic, number>,
  nameOf: (topic: Topic) => string,
): PartitionEnds => {
  const known = new Map([...partitions].map(([topic, count]) => [topic, new Array<number>(count).fill(0)]));
  let failure: LogError | undefined;
  let tellLost: (error: LogError) => void = () => undefined;
  const lost = new Promise<LogError>((resolve) => {
    tellLost = resolve;
  });
  return {
    begin() {
      for (const ends of known.values()) for (const [at, end] of ends.entries()) ends[at] = Math.max(end, 1);
    },
    stored(topic, partition, first, count) {
      const ends = known.get(topic) ?? [];
      const end = ends[partition] ?? 0;
      ends[partition] = Math.max(end, first + count);
      if (first >= end) return true;
      failure ??= new LogError(
        'stopped',
        `Partition ${partition} of topic ${nameOf(topic)} ended at offset ${end}, and a record was stored at ${first} now: the topic was made anew, ` +
          'or has lost records. This process writes nothing more, and ends. A new start says whether the log can go on.',
      );
      tellLost(failure);
      return false;
    },
    failure: () => failure,
    lost,
  };
};
