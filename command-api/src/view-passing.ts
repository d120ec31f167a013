import { setTimeout as delay } from 'node:timers/promises';
import { type OpenEnds, viewBehind } from '@hindcast/adapters/http';
import { type EventLog, type PartitionBounds, TOPICS, type ViewReader } from '@hindcast/domain';
import type { CommandLimits } from './command-ports.ts';
import { isPassed } from './view-progress.ts';

interface Waiting {
  readonly ends: readonly PartitionBounds[];
  readonly deadline: number;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Resolves once the view knows all that was in the log when it was asked. Those who wait share the looks at the view.
 * @throws Problem `view-behind` after `outcomeWaitMs`
 */
export const createViewPassing = (
  { log, views }: { readonly log: Pick<EventLog, 'bounds'>; readonly views: Pick<ViewReader, 'checkpoints'> },
  { outcomeWaitMs, viewPollMs }: Pick<CommandLimits, 'outcomeWaitMs' | 'viewPollMs'>,
  waits: OpenEnds,
): (() => Promise<void>) => {
  const waiting = new Set<Waiting>();
  let isLooking = false;

  const settle = (one: Waiting, end: () => void): void => {
    waiting.delete(one);
    end();
  };
  const look = async (): Promise<void> => {
    const asked = [...waiting];
    try {
      const checkpoints = await views.checkpoints('prediction-status');
      for (const one of asked) if (one.ends.every((end) => isPassed(end, checkpoints))) settle(one, one.resolve);
    } catch (error) {
      for (const one of asked) settle(one, () => one.reject(error));
    }
    for (const one of waiting)
      if (one.signal.aborted || performance.now() >= one.deadline) settle(one, () => one.reject(viewBehind()));
  };
  const lookOn = async (): Promise<void> => {
    while (waiting.size > 0) {
      await look();
      if (waiting.size > 0) await delay(viewPollMs);
    }
    isLooking = false;
  };

  return async () => {
    const open = waits.of();
    try {
      const ends = await log.bounds(TOPICS.predictions);
      await new Promise<void>((resolve, reject) => {
        const deadline = performance.now() + outcomeWaitMs;
        waiting.add({ ends, deadline, signal: open.signal(), resolve, reject });
        if (isLooking) return;
        isLooking = true;
        void lookOn();
      });
    } finally {
      open.release();
    }
  };
};
