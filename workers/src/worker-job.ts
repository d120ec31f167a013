import type { PredictionEventOf } from '@hindcast/domain';
import type { Job } from './job-group.ts';
import type { OpenEntry } from './open-set.ts';

/** An open prediction as the inference worker sees it: its place in the queue, and what its runs have come to. */
export interface WorkerJob extends Job {
  readonly entry: OpenEntry<WorkerJob>;
  /** Why the log must hear of the next run before it starts, undefined where it need not. */
  announce: PredictionEventOf<'PredictionAttemptStarted'>['data']['reason'] | undefined;
  /** Runs of its own in which the process died. */
  aloneCrashes: number;
  /** The log knows of too many attempts: it ends instead of running again. */
  readonly exhausted: boolean;
}

/** After so many the log may be full of a prediction that kills whatever runs it. */
export const attemptsMax = 3;

export const modelKeyOf = (entry: OpenEntry): string =>
  `${entry.tenant}/${entry.fold.request.model}@${entry.fold.request.sha256}`;

export const createWorkerJob = (
  entry: OpenEntry<WorkerJob>,
  fit: { readonly shape: string | undefined; readonly elements: number },
  recovered: boolean,
): WorkerJob => ({
  entry,
  model: modelKeyOf(entry),
  sha256: entry.fold.request.sha256,
  priority: entry.priority,
  at: entry.fold.request.at,
  deadlineAt: entry.deadlineAt,
  shape: fit.shape ?? '',
  elements: fit.elements,
  // Work that was begun before may have killed its worker: it must not take others with it a second time.
  alone: fit.shape === undefined || entry.inputRef !== undefined || (recovered && entry.attempts > 0),
  announce: recovered ? 'recovered' : undefined,
  exhausted: recovered && entry.attempts >= attemptsMax,
  aloneCrashes: 0,
  group: undefined,
  heapIndex: -1,
  newer: undefined,
  older: undefined,
});

/** The last attempt has the worker to itself: if it kills the process, nobody else's attempts are spent with it. */
export const needsWorkerAlone = (job: WorkerJob): boolean =>
  job.announce === 'recovered' && job.entry.attempts === attemptsMax - 1;
