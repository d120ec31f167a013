import type { DomainEvent } from './domain-events.ts';

/** The topics of this generation of the log. */
export const TOPICS = {
  predictions: 'hindcast.predictions.v1',
  models: 'hindcast.models.v1',
  jobs: 'hindcast.jobs.v1',
  audit: 'hindcast.audit.v1',
  deadLetters: 'hindcast.dead-letters.v1',
} as const;
export type Topic = (typeof TOPICS)[keyof typeof TOPICS];

/** Offsets of one partition are dense: 0, 1, 2, …; offset 0 is its `LogOpened`. */
export interface Position {
  readonly epoch: number;
  readonly partition: number;
  readonly offset: number;
}

/** A record to append. `event` is what `value` encodes: consumers in the same process are spared the parse. */
export interface NewRecord {
  readonly key: string;
  readonly value: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly event?: DomainEvent;
}

/** A record as the log stored it. `appendedAt` is the log's own time, in ms since 1970. */
export interface RecordedRecord extends NewRecord {
  readonly topic: Topic;
  readonly partition: number;
  readonly offset: number;
  readonly appendedAt: number;
}

export type AppendOutcome =
  | { readonly ok: true; readonly position: Position; readonly appendedAt: number }
  | { readonly ok: false; readonly error: LogError };

export interface PartitionBounds {
  readonly logId: string;
  readonly epoch: number;
  readonly partition: number;
  /** First offset that can still be read. */
  readonly start: number;
  /** Offset that the next record will get. */
  readonly end: number;
}

/** Contiguous records of one partition, in offset order, never empty. */
export interface RecordBatch {
  readonly topic: Topic;
  readonly partition: number;
  readonly records: readonly RecordedRecord[];
  /** End of the partition when the batch was handed out: `end` minus the last offset minus one is the lag. */
  readonly end: number;
}

export interface ConsumerHandlers {
  /** Called before the first batch of a partition. A returned offset overrides the committed one. */
  onAssigned?(partition: number, committed: number | undefined): Promise<number | undefined>;
  /**
   * Never called twice at the same time for one partition. A handler that throws gets the same records again after a
   * pause: nothing is skipped.
   */
  onBatch(batch: RecordBatch): Promise<void>;
  /** The partition now belongs to somebody else: forget its state, commit nothing more. */
  onRevoked?(partition: number): void;
}

export interface Subscription {
  readonly topic: Topic;
  /** Members of a group share the partitions. null: a private reader of every partition from its start. */
  readonly group: string | null;
  /** Upper bound on the records of one batch. */
  readonly batchMax?: number;
}

export interface LogConsumer {
  /** `next` is the offset to start from after a restart. Advice: it may be lost, and is never moved back by a late call. */
  commit(partition: number, next: number): void;
  pause(partition: number): void;
  resume(partition: number): void;
  /** Resolves after the running handlers are done. */
  stop(): Promise<void>;
}

/**
 * The log.
 *
 * Promises of every adapter:
 * - `append` resolves only when the records are durable, with an outcome for each record, in their order. Records of one
 *   key keep their order, within a call and between calls of one process that do not wait for each other.
 * - A key always goes to the same partition (`partitionOf`). Offsets of a partition are dense, its time never runs back.
 * - A consumer group sees every record at least once, each partition in order and by one member at a time.
 * - There is no conditional append. Duplicates happen; the fold ignores them.
 * - A record over `recordBytesMax` is refused with `record_too_large`, alone.
 */
export interface EventLog {
  append(topic: Topic, records: readonly NewRecord[]): Promise<AppendOutcome[]>;
  consume(subscription: Subscription, handlers: ConsumerHandlers): Promise<LogConsumer>;
  /** Pages of at most some hundreds of records: memory stays flat however long the range is. `to` is exclusive. */
  read(range: { topic: Topic; partition: number; from: number; to?: number }): AsyncIterable<readonly RecordedRecord[]>;
  bounds(topic: Topic): Promise<readonly PartitionBounds[]>;
}

/**
 * Why the log refused. `unavailable` may pass (a full disk, a broker down); the others will not. `damaged`: what is stored
 * at a place is not what was written there.
 */
export type LogErrorCode =
  | 'unavailable'
  | 'record_too_large'
  | 'foreign_log'
  | 'misconfigured'
  | 'locked'
  | 'stopped'
  | 'damaged';

export class LogError extends Error {
  readonly code: LogErrorCode;

  constructor(code: LogErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'LogError';
    this.code = code;
  }
}

/** 1 MiB, which is also Kafka's default limit. */
export const recordBytesMax = 1_048_576;

export const formatPosition = (p: Position): string => `${p.epoch}:${p.partition}:${p.offset}`;

/** undefined where the text is no position. */
export const parsePosition = (text: string): Position | undefined => {
  const match = /^(\d{1,9}):(\d{1,9}):(\d{1,15})$/.exec(text);
  return match ? { epoch: Number(match[1]), partition: Number(match[2]), offset: Number(match[3]) } : undefined;
};
