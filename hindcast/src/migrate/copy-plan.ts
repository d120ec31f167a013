import {
  LogError,
  type PartitionBounds,
  type ReadableLog,
  type RecordedRecord,
  recordAt,
  TOPICS,
  type Topic,
} from '@hindcast/domain';
import { mergedRecords } from './merge-partitions.ts';

/** A topic as it is to be in the new place. */
export interface PlannedTopic {
  readonly topic: Topic;
  readonly partitions: number;
  /** Of all partitions together, those included that open them. */
  readonly total: number;
  /** The records with their new partitions and offsets, the same at every call. */
  records(): AsyncIterable<readonly RecordedRecord[]>;
}

export interface CopyPlan {
  readonly logId: string;
  readonly epoch: number;
  /** Whether partitions and offsets stay what they are, and with them every position that a client holds. */
  readonly keepsPositions: boolean;
  /** Time of the newest record, ms since 1970. */
  readonly newestAt: number;
  readonly topics: readonly PlannedTopic[];
}

export interface SourceLog extends ReadableLog {
  topics(): readonly string[];
}

export interface PlanOptions {
  /** Of the topic of predictions; undefined keeps what it has. The other topics keep theirs. */
  readonly partitions: number | undefined;
  /** Gives the same id for the same text. */
  readonly idFromText: (text: string) => string;
}

/** What the copy of a log that nobody writes to has to be. */
export const planCopy = async (log: SourceLog, { partitions, idFromText }: PlanOptions): Promise<CopyPlan> => {
  const known: readonly Topic[] = Object.values(TOPICS);
  const unknown = log.topics().filter((topic) => !known.some((name) => name === topic));
  if (unknown.length > 0) {
    throw new LogError(
      'foreign_log',
      `The log has topics that this program does not know: ${unknown.join(', ')}. Copy it with the program that wrote it.`,
    );
  }
  const held = known.filter((topic) => log.topics().includes(topic));
  const bounds = new Map<Topic, readonly PartitionBounds[]>();
  for (const topic of held) bounds.set(topic, await log.bounds(topic));
  const spread = bounds.get(TOPICS.predictions) ?? [];
  const { logId = '', epoch = 0 } = spread[0] ?? {};
  const keepsPositions = partitions === undefined || partitions === spread.length;

  const topics = [...bounds].map(([topic, sources]): PlannedTopic => {
    const stored = sources.reduce((sum, { end }) => sum + end, 0);
    if (keepsPositions) {
      return { topic, partitions: sources.length, total: stored, records: () => asTheyAre(log, topic, sources) };
    }
    const count = topic === TOPICS.predictions ? partitions : sources.length;
    // The records that open the old partitions stay behind, and every new one gets its own.
    const total = stored - sources.length + count;
    const identity = { logId, epoch: epoch + 1, partitions: count, idFromText };
    return { topic, partitions: count, total, records: () => mergedRecords(log, topic, sources, identity) };
  });
  const newestAt = await newestOf(log, bounds);
  return { logId, epoch: keepsPositions ? epoch : epoch + 1, keepsPositions, newestAt, topics };
};

const newestOf = async (log: ReadableLog, topics: ReadonlyMap<Topic, readonly PartitionBounds[]>): Promise<number> => {
  let newestAt = 0;
  for (const [topic, sources] of topics) {
    for (const { partition, end } of sources) {
      const newest = await recordAt(log, topic, partition, end - 1);
      if (newest) newestAt = Math.max(newestAt, newest.appendedAt);
    }
  }
  return newestAt;
};

async function* asTheyAre(
  log: ReadableLog,
  topic: Topic,
  sources: readonly PartitionBounds[],
): AsyncGenerator<readonly RecordedRecord[]> {
  for (const { partition, start, end } of sources) yield* log.read({ topic, partition, from: start, to: end });
}
