import { IncompletePast, JobFailure, type JobRun, jobPace } from '@hindcast/domain';
import { CliFailure, EXIT, failed } from './cli-failure.ts';
import type { Voice } from './terminal.ts';
import { progressOf } from './watch-job.ts';

/** Does what a job does without a server to run it: from its beginning, and telling how far it is. */
export const workInThisProcess = async <Result>(
  voice: Voice,
  work: (run: JobRun) => Promise<Result>,
): Promise<Result> => {
  const base = { at: Date.now(), done: 0 };
  const progress: JobRun['progress'] = (told) => {
    const { ratePerSecond, etaMs } = jobPace({ progress: { ...told, attempt: 1, at: Date.now() }, base });
    const pace = { ...(ratePerSecond && { ratePerSecond: Math.round(ratePerSecond) }), ...(etaMs && { etaMs }) };
    voice.progress(progressOf({ status: 'running', progress: { ...told, ...pace } }));
  };
  try {
    return await work({ signal: new AbortController().signal, progress, checkpoint: undefined });
  } catch (error) {
    if (error instanceof IncompletePast) throw failed(error.message, error);
    if (error instanceof JobFailure && error.code === 'unknown_model')
      throw new CliFailure(EXIT.notFound, error.message);
    throw error instanceof JobFailure ? failed(`${error.message} (${error.code})`, error) : error;
  }
};
