import type { Checkpoint, ProjectionName, RecordedRecord, Topic } from '@hindcast/domain';

/** Contiguous records of one partition, and the log that they are from. */
export interface Slice {
  readonly logId: string;
  readonly epoch: number;
  readonly partition: number;
  /** How many partitions the topic has. */
  readonly partitions: number;
  /** Never empty. */
  readonly records: readonly RecordedRecord[];
}

export interface ProjectionCounts {
  /** Events of a newer version of this program. */
  readonly unknownTypes: number;
  readonly deadLettered: number;
}

/** One generation of what a projector writes: one view, or one and those derived from it. */
export interface Projection {
  readonly name: ProjectionName;
  readonly generation: number;
  readonly topic: Topic;
  /** Checkpoints of each of its views; a crash can leave one view behind another. */
  checkpoints(): Promise<readonly (readonly Checkpoint[])[]>;
  /** Folds a slice that continues the checkpoint, or overlaps it. Rejects when nothing may be skipped: try again. */
  project(slice: Slice): Promise<ProjectionCounts>;
  /** Drops what it remembers of a partition. */
  forget(partition: number): void;
}

/** The checkpoint that a view has after a slice. */
export const checkpointAfter = ({ logId, epoch, partition, records }: Slice): Checkpoint => ({
  logId,
  epoch,
  partition,
  next: (records.at(-1)?.offset ?? -1) + 1,
});
