import { setTimeout as delay } from 'node:timers/promises';
import { PassingFailure } from './cli-failure.ts';
import { showDuration } from './duration.ts';

const pauseMsMin = 200;
const pauseMsMax = 2_000;

export interface Patience {
  readonly now: () => number;
  readonly until: number;
  /** Told once that it is tried again, and why. */
  readonly note: (text: string) => void;
}

/**
 * Asks until there is an answer, with pauses, where a server restarts or is away for a while; only for what may be asked
 * twice.
 * @throws the last failure once the time is over, and at once one that does not pass
 */
export const tryAgain = async <T>(ask: () => Promise<T>, { now, until, note }: Patience): Promise<T> => {
  for (let pauseMs = pauseMsMin; ; pauseMs = Math.min(2 * pauseMs, pauseMsMax)) {
    try {
      return await ask();
    } catch (error) {
      const leftMs = until - now();
      if (!(error instanceof PassingFailure) || leftMs <= error.afterMs) throw error;
      if (pauseMs === pauseMsMin) note(`${error.message}\nIt is tried again for up to ${showDuration(leftMs)}.`);
      await delay(Math.min(leftMs, Math.max(pauseMs, error.afterMs)));
    }
  }
};
