import type { Clock, PartitionBounds, ProjectionName, ViewReader } from '@hindcast/domain';
import { problem } from './problem.ts';
import { wakeUp } from './wake-up.ts';

export interface CatchUpLimits {
  /** How long a request waits for the view before it says 503. */
  readonly viewWaitMsMax: number;
  /** Pause between two looks at the checkpoint of a view that is behind. */
  readonly viewPollMs: number;
}

/** The place in the log that a view has to pass: `next` is the first offset that it need not have seen. */
export interface Target extends Pick<PartitionBounds, 'logId' | 'partition'> {
  readonly projection: ProjectionName;
  readonly next: number;
}

export const viewBehind = () =>
  problem('view-behind', 'The view has not yet passed the position that this answer depends on.', {
    headers: { 'retry-after': '1' },
  });

export interface CatchUp<T> {
  readonly views: Pick<ViewReader, 'checkpoints'>;
  readonly limits: CatchUpLimits;
  readonly now: Clock;
  readonly target: Target;
  readonly signal: AbortSignal;
  read(): Promise<T>;
  enough(value: T): boolean;
  /** Rings when a new look may pay before the next one is due. Returns the way to stop. */
  listen?(ring: () => void): () => void;
}

/**
 * Reads until the value is enough, or until the view has passed the target and the value is what it is. The checkpoint
 * is asked before the value: one that has passed then speaks for the value that is read after it.
 * @throws Problem `view-behind` after `viewWaitMsMax`
 */
export const readCaughtUp = async <T>(task: CatchUp<T>): Promise<T> => {
  const { views, limits, now, target, signal } = task;
  const deadline = now() + limits.viewWaitMsMax;
  const bell = wakeUp(signal);
  const stopListening = task.listen?.(bell.wake);
  const hasPassed = async (): Promise<boolean> =>
    (await views.checkpoints(target.projection)).some(
      ({ logId, partition, next }) => logId === target.logId && partition === target.partition && next >= target.next,
    );
  try {
    for (;;) {
      const passed = await hasPassed();
      const value = await task.read();
      // Asked again, since a store may be emptied between the two.
      if (task.enough(value) || (passed && (await hasPassed()))) return value;
      if (signal.aborted || now() >= deadline) throw viewBehind();
      await bell.sleep(limits.viewPollMs);
    }
  } finally {
    stopListening?.();
  }
};
