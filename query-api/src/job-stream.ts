import { followJob, jobBody } from '@hindcast/adapters/http';
import { isEndedJob, type JobCatalog, type JobDoc } from '@hindcast/domain';
import type { QueryLimits } from './query-ports.ts';

export interface JobStream {
  readonly jobs: Pick<JobCatalog, 'subscribe'>;
  readonly known: JobDoc;
  readonly signal: AbortSignal;
  readonly limits: Pick<QueryLimits, 'heartbeatMs'>;
}

/** The job as it is, and again after each change; a slow reader gets the newest alone. Over when the job has ended. */
export async function* jobFrames({ jobs, known, signal, limits }: JobStream): AsyncGenerator<string> {
  const following = followJob(jobs, known, signal);
  try {
    yield 'retry: 1000\n\n';
    let told = -1;
    while (!signal.aborted) {
      const doc = following.latest();
      yield doc.pos === told ? ': heartbeat\n\n' : `data: ${JSON.stringify(jobBody(doc))}\n\n`;
      told = doc.pos;
      if (isEndedJob(doc.state)) return;
      if (doc === following.latest()) await following.sleep(limits.heartbeatMs);
    }
  } finally {
    following.stop();
  }
}
