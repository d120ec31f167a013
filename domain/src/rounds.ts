import type { Logger } from './ports.ts';

export interface Rounds {
  /** Resolves when the first round is over, however it went. */
  readonly first: Promise<void>;
  /** Starts no more rounds, and resolves when the one under way is over. */
  stop(): Promise<void>;
}

/**
 * Does the same thing again and again, `pauseMs` after it was done, and never twice at a time. A round that fails is told
 * of when the one before it had not failed.
 */
export const startRounds = (
  round: () => Promise<void>,
  options: { readonly pauseMs: number; readonly logger: Logger | undefined; readonly failure: string },
): Rounds => {
  let stopping = false;
  let failing = false;
  let timer: NodeJS.Timeout | undefined;

  const run = async (): Promise<void> => {
    try {
      await round();
      failing = false;
    } catch (err) {
      if (!failing) options.logger?.warn({ err }, options.failure);
      failing = true;
    }
    if (!stopping) timer = setTimeout(next, options.pauseMs);
  };
  let running = run();
  const next = (): void => {
    running = run();
  };

  return {
    first: running,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await running;
    },
  };
};
