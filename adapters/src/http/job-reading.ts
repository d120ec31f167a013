import { isEndedJob, type JobCatalog, type JobDoc } from '@hindcast/domain';
import { problem } from './problem.ts';
import { wakeUp } from './wake-up.ts';

/** How long a request waits for the catalog to reach the end of the log. */
const catchUpMsMax = 5_000;

/** @throws Problem `catalog-behind` */
export const jobsCaughtUp = async (jobs: Pick<JobCatalog, 'catchUp'>): Promise<void> => {
  try {
    await jobs.catchUp(catchUpMsMax);
  } catch {
    const detail = 'The jobs topic could not be read to its end in time.';
    throw problem('catalog-behind', detail, { headers: { 'retry-after': '1' } });
  }
};

/**
 * A job as the log has it now, whichever process has been told of it before.
 * @throws Problem `unknown-job`, `catalog-behind`
 */
export const findJob = async (
  jobs: Pick<JobCatalog, 'get' | 'catchUp'>,
  tenant: string,
  id: string,
): Promise<JobDoc> => {
  const known = jobs.get(tenant, id);
  if (known && isEndedJob(known.state)) return known;
  await jobsCaughtUp(jobs);
  const found = jobs.get(tenant, id);
  if (found) return found;
  throw problem('unknown-job', 'No job with this id is known.');
};

/** The newest state of one job, and a sleep that ends when there is a newer one. */
export interface FollowedJob {
  latest(): JobDoc;
  sleep(ms: number): Promise<void>;
  stop(): void;
}

/** Listens from the moment it is made, in the same turn in which the job was looked up. */
export const followJob = (jobs: Pick<JobCatalog, 'subscribe'>, known: JobDoc, signal: AbortSignal): FollowedJob => {
  const bell = wakeUp(signal);
  let latest = known;
  const stop = jobs.subscribe(known.key, (doc) => {
    latest = doc;
    bell.wake();
  });
  return { latest: () => latest, sleep: bell.sleep, stop };
};
