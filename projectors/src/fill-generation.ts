import type { EventLog, PartitionBounds, RecordedRecord } from '@hindcast/domain';
import type { Projection } from './projection.ts';

/** Records folded at once: many, since nobody waits for the single one. Four times as many grow old in memory before they are. */
const fillRecordsMax = 1_000;
/** Partitions read at the same time. */
const partitionsAtOnceMax = 2;

export interface FillProgress {
  /** Records folded since the beginning, and those that the targets of the last call ask for. */
  readonly folded: number;
  readonly total: number;
}

export interface GenerationFiller {
  /** Folds each partition up to its target, a first offset that is not folded. */
  fillTo(targets: ReadonlyMap<number, number>): Promise<void>;
  /** Whether every partition is at its target, or ahead of it. */
  reaches(targets: ReadonlyMap<number, number>): boolean;
  progress(): FillProgress;
}

/** Reads the log in bulk, beside all consumers, from where a generation is. */
export const createGenerationFiller = ({
  log,
  projection,
  bounds,
  starts,
  signal,
  onProgress,
}: {
  readonly log: EventLog;
  readonly projection: Projection;
  readonly bounds: readonly PartitionBounds[];
  readonly starts: ReadonlyMap<number, number>;
  readonly signal?: AbortSignal | undefined;
  onProgress(progress: FillProgress): void;
}): GenerationFiller => {
  const nexts = new Map(bounds.map(({ partition, start }) => [partition, starts.get(partition) ?? start]));
  let folded = 0;
  let total = 0;

  const fold = async ({ logId, epoch, partition }: PartitionBounds, records: readonly RecordedRecord[]) => {
    const last = records.at(-1);
    if (!last) return;
    signal?.throwIfAborted();
    await projection.project({ logId, epoch, partition, partitions: bounds.length, records });
    nexts.set(partition, last.offset + 1);
    folded += records.length;
    onProgress({ folded, total });
  };

  const fillPartition = async (of: PartitionBounds, to: number): Promise<void> => {
    const from = nexts.get(of.partition) ?? of.start;
    if (from >= to) return;
    let records: RecordedRecord[] = [];
    for await (const page of log.read({ topic: projection.topic, partition: of.partition, from, to })) {
      records.push(...page);
      if (records.length < fillRecordsMax) continue;
      await fold(of, records);
      records = [];
    }
    await fold(of, records);
  };

  const missing = (targets: ReadonlyMap<number, number>): number => {
    let records = 0;
    for (const [partition, to] of targets) records += Math.max(0, to - (nexts.get(partition) ?? 0));
    return records;
  };

  return {
    async fillTo(targets) {
      total = folded + missing(targets);
      onProgress({ folded, total });
      const waiting = [...bounds];
      const fillSome = async (): Promise<void> => {
        for (let of = waiting.shift(); of; of = waiting.shift()) {
          await fillPartition(of, targets.get(of.partition) ?? of.start);
        }
      };
      await Promise.all(Array.from({ length: partitionsAtOnceMax }, fillSome));
    },
    reaches: (targets) => missing(targets) === 0,
    progress: () => ({ folded, total }),
  };
};
