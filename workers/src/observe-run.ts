import type { ActiveRun } from './attempt-log.ts';
import type { RunResult } from './run-batch.ts';

/** Told of runs when they have ended. Counting is all that it may do. */
export interface RunObserver {
  ran(model: string, rows: number, ms: number): void;
  /** A prediction waited so long, from its acceptance to the beginning of the run that decided it. */
  queued(model: string, ms: number): void;
}

/** A run that never came to the runtime is none. Rows of a batch that is split are decided by the runs that they get alone. */
export const observeRun = (
  observer: RunObserver | undefined,
  { jobs, startedAt }: ActiveRun,
  result: RunResult,
  elapsedMs: number,
): void => {
  const model = jobs[0]?.entry.fold.request.model;
  if (!observer || model === undefined || result.kind === 'held') return;
  observer.ran(model, jobs.length, result.kind === 'ok' ? result.inferenceMs : elapsedMs);
  if (result.kind === 'split') return;
  for (const { at } of jobs) observer.queued(model, Math.max(0, startedAt - at));
};
