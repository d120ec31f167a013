import type { Projections } from '../projections.ts';

export interface RunningRebuild {
  /** undefined while it runs. */
  outcome(): 'done' | 'failed' | undefined;
}

/** Runs a rebuild or an undo of the status view as a runner of jobs would. */
export const runRebuild = (projections: Projections, kind: 'rebuild' | 'undo'): RunningRebuild => {
  let outcome: 'done' | 'failed' | undefined;
  const job = {
    id: 'j-1',
    tenant: 'default',
    kind: `projection-${kind}`,
    attempt: 1,
    spec: { projection: 'prediction-status', dryRun: false },
  };
  const { signal } = new AbortController();
  const running = projections.jobHandlers[job.kind]?.(job, { signal, checkpoint: undefined, progress: () => {} });
  running?.then(
    () => {
      outcome = 'done';
    },
    () => {
      outcome = 'failed';
    },
  );
  return { outcome: () => outcome };
};
