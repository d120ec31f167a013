import { type NewRecord, TOPICS } from '@hindcast/domain';
import type { DurableAppender } from './durable-append.ts';
import type { Answers } from './prediction-answers.ts';
import { attemptsMax, countRun, type WorkerJob } from './worker-job.ts';

export interface ActiveRun {
  readonly jobs: readonly WorkerJob[];
  readonly startedAt: number;
  announced: boolean;
}

/** Tells the log of attempts: before runs that may end badly, and of runs that take long. */
export interface AttemptLog {
  /** Writes the attempts that must be known before a run. False where the log did not take them all. */
  announce(jobs: readonly WorkerJob[]): Promise<boolean>;
  watch(run: ActiveRun): void;
  unwatch(run: ActiveRun): void;
  stop(): void;
}

/** A run that takes longer is told of, so that its predictions show as running. */
const longRunMs = 1_000;

export const attemptsExhausted = {
  code: 'attempts_exhausted',
  detail: `The prediction was started ${attemptsMax} times and never ended: it may be what stops its workers.`,
};

export const createAttemptLog = (ports: {
  readonly now: () => number;
  readonly answers: Answers;
  readonly appender: DurableAppender;
  readonly workerId: string;
}): AttemptLog => {
  const { now, answers, appender, workerId: worker } = ports;
  const active = new Set<ActiveRun>();
  let timer: NodeJS.Timeout | undefined;

  const tellOfLongRuns = () => {
    timer = undefined;
    let oldest: number | undefined;
    for (const run of active) {
      if (run.announced) continue;
      if (now() - run.startedAt < longRunMs) {
        oldest = Math.min(oldest ?? run.startedAt, run.startedAt);
        continue;
      }
      run.announced = true;
      tell(run.jobs.filter((job) => job.entry.phase === 'open' && !job.logged));
    }
    if (oldest !== undefined) arm(oldest + longRunMs - now());
  };
  const arm = (ms: number) => {
    timer ??= setTimeout(tellOfLongRuns, Math.max(1, ms));
  };
  const tell = (jobs: readonly WorkerJob[]) => {
    if (jobs.length === 0) return;
    const records = jobs.map((job) => {
      countRun(job);
      job.logged = true;
      return answers.attemptStarted(job.entry, { attempt: job.entry.attempts, reason: 'long_running', worker });
    });
    // Advice only: where the log refuses it the prediction shows as queued for longer.
    void appender.append(TOPICS.predictions, records, () => false);
  };

  return {
    async announce(jobs) {
      const records: NewRecord[] = [];
      const announced: WorkerJob[] = [];
      const numbers: number[] = [];
      for (const job of jobs) {
        if (!job.announce) continue;
        const attempt = job.entry.attempts + 1;
        records.push(answers.attemptStarted(job.entry, { attempt, reason: job.announce, worker }));
        announced.push(job);
        numbers.push(attempt);
      }
      if (records.length === 0) return true;
      const outcomes = await appender.append(
        TOPICS.predictions,
        records,
        (index) => announced[index]?.entry.phase === 'open',
      );
      let all = true;
      for (let i = 0; i < announced.length; i++) {
        const job = announced[i] as WorkerJob;
        if (outcomes[i]?.ok) {
          // The record may have been read back before the log's answer came.
          job.entry.attempts = Math.max(job.entry.attempts, numbers[i] as number);
          job.announce = undefined;
          job.logged = true;
        } else if (job.entry.phase === 'open') all = false;
      }
      return all;
    },
    watch(run) {
      active.add(run);
      arm(longRunMs);
    },
    unwatch(run) {
      active.delete(run);
    },
    stop() {
      clearTimeout(timer);
    },
  };
};
