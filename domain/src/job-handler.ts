import type { JobCheckpoint, JobProgress, JobResult, JobSpec } from './job-events.ts';

/** A job as its handler gets it. */
export interface JobToRun {
  readonly id: string;
  readonly tenant: string;
  readonly kind: string;
  readonly spec: JobSpec;
  /** Counted from 1. */
  readonly attempt: number;
}

export interface JobRun {
  /** Aborted when the job is canceled, when another process goes on with it, or when this one stops. */
  readonly signal: AbortSignal;
  /**
   * Tells how far it has come. Not more than one a second gets into the log, and always the last one; a checkpoint is safe
   * no sooner than that, so that the next attempt may find an older one.
   */
  progress(progress: JobProgress & { readonly checkpoint?: JobCheckpoint }): void;
  /** The newest one that the log has of an earlier attempt. */
  readonly checkpoint: JobCheckpoint | undefined;
}

/**
 * Does a job. It may be run again after any of its steps, from its last checkpoint on, and must come to the same end. A
 * result is kept whatever the signal says; what it throws ends the job, unless the signal was aborted before.
 */
export type JobHandler = (job: JobToRun, run: JobRun) => Promise<JobResult>;
export type JobHandlers = Readonly<Record<string, JobHandler>>;

/** Ends a job with a code of its own. Other errors end it with `job_failed`. */
export class JobFailure extends Error {
  readonly code: string;

  constructor(code: string, detail: string, options?: ErrorOptions) {
    super(detail, options);
    this.name = 'JobFailure';
    this.code = code;
  }
}
