import { setTimeout as delay, setImmediate as nextTurn } from 'node:timers/promises';

/** Holds back work on the past so that what is served now comes first. */
export interface Pace {
  /** Resolves when so many more rows may be run, and never in the same turn. Rejects when the signal aborts. */
  take(rows: number, signal: AbortSignal): Promise<void>;
}

export const createPace = (rowsPerSecondMax: number, clock: () => number): Pace => {
  let freeAt = clock();
  return {
    async take(rows, signal) {
      await nextTurn();
      const waitMs = freeAt - clock();
      if (waitMs > 0) await delay(waitMs, undefined, { signal });
      signal.throwIfAborted();
      freeAt = Math.max(freeAt, clock()) + (rows / rowsPerSecondMax) * 1_000;
    },
  };
};

/** Where nothing else is served. */
export const unbounded: Pace = {
  async take(_, signal) {
    await nextTurn();
    signal.throwIfAborted();
  },
};
