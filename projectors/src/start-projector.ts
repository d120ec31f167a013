import type {
  Checkpoint,
  EventLog,
  LogConsumer,
  Logger,
  PartitionBounds,
  RecordBatch,
  Running,
} from '@hindcast/domain';
import { createProgressWaiters } from './progress-waiters.ts';
import type { Projection, ProjectionCounts } from './projection.ts';
import { ProjectionRefused, startsNow } from './projection-start.ts';

/**
 * Records of one batch: enough to share a transaction, few enough to keep the loop free for others. No document is ahead
 * of the checkpoint of its view by more than that.
 */
export const foldRecordsMax = 1_000;

export interface PartitionProgress {
  readonly partition: number;
  /** First offset that is not folded yet. */
  readonly next: number;
  /** End of the partition when it was last heard of. */
  readonly end: number;
}

export interface RunningProjector extends Running {
  /** The partitions that this member of the group holds. */
  progress(): readonly PartitionProgress[];
  counts(): ProjectionCounts;
  /** Why it stopped by itself. */
  failure(): Error | undefined;
  /**
   * Goes on with another generation, in the middle of its partitions. To be called while no batch is under way. false
   * where that one has not folded what this one has.
   */
  goOnWith(next: Projection): Promise<boolean>;
}

/** Where each batch begins. Resolves with what is to be called at its end. */
export interface BatchGate {
  enter(): Promise<() => void>;
}

interface Held {
  readonly bounds: PartitionBounds;
  next: number;
  end: number;
}

/** Reads a projection's topic and folds batch after batch, from its own checkpoints on. */
export const startProjector = async ({
  log,
  projection: first,
  group,
  gate,
  onReached,
  logger,
}: {
  readonly log: EventLog;
  readonly projection: Projection;
  readonly group: string;
  /** Batches begin when it lets them. */
  readonly gate?: BatchGate | undefined;
  /** Hears where each partition begins, and how far it has come after each batch. */
  readonly onReached?: ((checkpoint: Checkpoint) => void) | undefined;
  readonly logger?: Logger | undefined;
}): Promise<RunningProjector> => {
  let projection = first;
  const held = new Map<number, Held>();
  const waiters = createProgressWaiters();
  let partitions = 0;
  let unknownTypes = 0;
  let deadLettered = 0;
  let failure: Error | undefined;
  let consumer: LogConsumer | undefined;

  const fail = (error: Error): void => {
    failure = error;
    logger?.error({ err: error, projection: projection.name }, 'A projector stopped.');
    waiters.fail(error);
    // Not awaited: stopping waits for the running handlers, and this is one of them.
    consumer?.stop().catch((err) => logger?.error({ err }, 'A failed projector could not be stopped.'));
  };

  const assign = async (partition: number): Promise<number> => {
    const { starts, bounds } = await startsNow(projection, log);
    const of = bounds.find((candidate) => candidate.partition === partition);
    const next = starts.get(partition);
    if (!of || next === undefined) throw new Error(`${projection.topic} has no partition ${partition}.`);
    partitions = bounds.length;
    projection.forget(partition);
    held.set(partition, { bounds: of, next, end: of.end });
    onReached?.({ logId: of.logId, epoch: of.epoch, partition, next });
    return next;
  };

  const fold = async (batch: RecordBatch, at: Held): Promise<void> => {
    const first = batch.records[0]?.offset ?? at.next;
    if (first > at.next) {
      throw new ProjectionRefused(
        'gap',
        `A batch of ${projection.topic}/${batch.partition} starts at ${first}, the checkpoint is ${at.next}.`,
      );
    }
    const records = batch.records.slice(at.next - first);
    const last = records.at(-1);
    if (last) {
      const { logId, epoch } = at.bounds;
      const counts = await projection.project({ logId, epoch, partition: batch.partition, partitions, records });
      unknownTypes += counts.unknownTypes;
      deadLettered += counts.deadLettered;
      at.next = last.offset + 1;
      onReached?.({ logId, epoch, partition: batch.partition, next: at.next });
    }
    at.end = Math.max(batch.end, at.next);
  };

  // Refuses at once where that is already clear, so that the caller hears of it.
  await startsNow(projection, log);
  consumer = await log.consume(
    { topic: projection.topic, group, batchMax: foldRecordsMax },
    {
      async onAssigned(partition) {
        try {
          return await assign(partition);
        } catch (error) {
          if (error instanceof ProjectionRefused) fail(error);
          throw error;
        }
      },
      async onBatch(batch) {
        if (failure) throw failure;
        const leave = await gate?.enter();
        const at = held.get(batch.partition);
        try {
          if (!at) throw new Error(`Partition ${batch.partition} was not assigned.`);
          await fold(batch, at);
        } catch (error) {
          projection.forget(batch.partition);
          logger?.warn({ err: error, projection: projection.name, partition: batch.partition }, 'A batch is retried.');
          throw error;
        } finally {
          leave?.();
        }
        if (held.get(batch.partition) !== at) return;
        consumer?.commit(batch.partition, at.next);
        waiters.check();
      },
      onRevoked(partition) {
        held.delete(partition);
        projection.forget(partition);
      },
    },
  );

  const isFolded = async (ends: readonly PartitionBounds[]): Promise<boolean> => {
    const elsewhere = ends.filter(({ partition }) => !held.has(partition));
    for (const { partition, end } of ends) if ((held.get(partition)?.next ?? end) < end) return false;
    if (elsewhere.length === 0) return true;
    // Other members of the group fold these: their checkpoints tell.
    const views = await projection.checkpoints();
    return elsewhere.every(({ partition, end }) =>
      views.every((checkpoints) => checkpoints.some((of) => of.partition === partition && of.next >= end)),
    );
  };

  return {
    async whenCaughtUp() {
      if (failure) throw failure;
      const ends = await log.bounds(projection.topic);
      await waiters.until(() => isFolded(ends));
    },
    progress: () => [...held].map(([partition, { next, end }]) => ({ partition, next, end })),
    counts: () => ({ unknownTypes, deadLettered }),
    failure: () => failure,
    async goOnWith(next) {
      const { starts } = await startsNow(next, log);
      for (const [partition, { next: reached }] of held) if ((starts.get(partition) ?? 0) < reached) return false;
      projection = next;
      return true;
    },
    async stop() {
      await consumer?.stop();
      waiters.fail(new Error(`The projector of ${projection.name} was stopped.`));
    },
  };
};
