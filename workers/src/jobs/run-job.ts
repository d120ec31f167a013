import {
  type JobCheckpoint,
  JobFailure,
  type JobHandler,
  type JobResult,
  type JobToRun,
  jobJsonBytesMax,
  type Logger,
} from '@hindcast/domain';
import type { JobAnswer } from './job-answers.ts';
import { createProgressTeller } from './job-progress.ts';

export interface RunningJob {
  /** Asks the handler to end. */
  abort(reason: Error): void;
  /** Resolves when the handler has ended and the log has its answer, or has finally refused it. */
  readonly ended: Promise<void>;
}

export interface RunJobOptions {
  readonly job: JobToRun;
  readonly checkpoint: JobCheckpoint | undefined;
  readonly handler: JobHandler;
  readonly progressMs: number;
  readonly logger: Logger | undefined;
  /** Durable when it resolves, as far as the log takes it. */
  tell(answers: readonly JobAnswer[]): Promise<void>;
}

/** A text longer than the schema of a failure allows would make an event that does not fit it. */
const detailLengthMax = 2_048;

/** Runs a handler, and tells the log how far it is and what came of it. */
export const runJob = ({ job, checkpoint, handler, progressMs, logger, tell }: RunJobOptions): RunningJob => {
  const { attempt } = job;
  const controller = new AbortController();
  const { signal } = controller;
  const progressed = (progress: Parameters<typeof teller.tell>[0]): JobAnswer => ({
    type: 'JobProgressed',
    data: { attempt, ...progress },
  });
  const teller = createProgressTeller((progress) => tell([progressed(progress)]), progressMs);

  const failed = (error: unknown): JobAnswer => {
    const code = error instanceof JobFailure ? error.code : 'job_failed';
    const detail = (error instanceof Error ? error.message : String(error)).slice(0, detailLengthMax);
    return { type: 'JobFailed', data: { attempt, code, detail } };
  };
  const answerOf = (result: JobResult): JobAnswer => {
    const bytes = sizeOf(result);
    if (bytes <= jobJsonBytesMax) return { type: 'JobSucceeded', data: { attempt, result } };
    return failed(new JobFailure('result_too_large', `The result has ${bytes} bytes, ${jobJsonBytesMax} are allowed.`));
  };
  /** undefined where there is nothing to say: somebody else goes on with it, or it has ended. */
  const attempted = async (): Promise<JobAnswer | undefined> => {
    try {
      return answerOf(await handler(job, { signal, progress: checked, checkpoint }));
    } catch (error) {
      if (signal.aborted) return undefined;
      const answer = failed(error);
      const said = { job: job.id, kind: job.kind };
      // A reason that was foreseen is told with the job to who asked for it, and often is an error of theirs.
      if (error instanceof JobFailure) logger?.warn({ ...said, ...answer.data }, 'A job failed.');
      else logger?.error({ ...said, err: error }, 'A job failed.');
      return answer;
    }
  };
  const checked: typeof teller.tell = (progress) => {
    const bytes = progress.checkpoint === undefined ? 0 : sizeOf(progress.checkpoint);
    if (bytes > jobJsonBytesMax)
      throw new JobFailure('checkpoint_too_large', `A checkpoint has ${bytes} bytes, ${jobJsonBytesMax} are allowed.`);
    if (!signal.aborted) teller.tell(progress);
  };
  const run = async (): Promise<void> => {
    const answer = await attempted();
    const last = await teller.stop();
    const answers = [...(last ? [progressed(last)] : []), ...(answer ? [answer] : [])];
    if (answers.length > 0) await tell(answers);
  };

  return { abort: (reason) => controller.abort(reason), ended: run() };
};

const sizeOf = (value: object): number => Buffer.byteLength(JSON.stringify(value));
