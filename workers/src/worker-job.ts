import type { PredictionEventOf } from '@hindcast/domain';
import type { Job } from './job-group.ts';
import type { OpenEntry } from './open-set.ts';

/** An open prediction as the inference worker sees it: its place in the queue, and what its runs have come to. */
export interface WorkerJob extends Job {
  readonly entry: OpenEntry<WorkerJob>;
  /** Why the log must hear of the next run before it starts, undefined where it need not. */
  announce: PredictionEventOf<'PredictionAttemptStarted'>['data']['reason'] | undefined;
  /** The log was told of the run that comes next or is under way: it is among the attempts of the entry already. */
  logged: boolean;
  /** The log knows of too many attempts: it ends instead of running again. */
  readonly exhausted: boolean;
}

/** After so many the log may be full of a prediction that kills whatever runs it. */
export const attemptsMax = 3;

/** A run that came to nothing is an attempt, also where the log was spared the news of it. */
export const countRun = (job: WorkerJob): void => {
  if (!job.logged) job.entry.attempts += 1;
  job.logged = false;
};

const versionKeyOf = (entry: OpenEntry): string =>
  `${entry.tenant}/${entry.fold.request.model}@${entry.fold.request.version}`;

export const createWorkerJob = (
  entry: OpenEntry<WorkerJob>,
  fit: { readonly shape: string | undefined; readonly elements: number },
  recovered: boolean,
): WorkerJob => ({
  entry,
  model: versionKeyOf(entry),
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
  logged: false,
  group: undefined,
  heapIndex: -1,
  newer: undefined,
  older: undefined,
});

/** The last attempt has the worker to itself: if it kills the process, nobody else's attempts are spent with it. */
export const needsWorkerAlone = (job: WorkerJob): boolean =>
  job.announce === 'recovered' && job.entry.attempts === attemptsMax - 1;
