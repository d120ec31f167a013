import { isEndedJob } from '../evolve-job.ts';
import type { JobCatalog, JobDoc } from '../job-catalog.ts';
import type { IdFromText } from '../ports.ts';

export const datasetJobKind = 'dataset-cut';

/** More attempts at one set are not looked through. */
const attemptsMax = 1_000;

export interface DatasetJobs {
  /** The newest job of the set: one that is under way or has succeeded, else the last that has not. */
  readonly doc: JobDoc | undefined;
  /** Id of the job that would be asked for next. */
  readonly nextId: string;
}

/**
 * The jobs of a data set. Its id makes the id of the first; after one that failed or was canceled the set may be asked for
 * again, and the next id follows from the one before: who asks at the same time asks for the same job.
 */
export const datasetJobs = (
  jobs: Pick<JobCatalog, 'get'>,
  idFromText: IdFromText,
  tenant: string,
  datasetId: string,
): DatasetJobs => {
  let nextId = idFromText(`${tenant}/dataset/${datasetId}`);
  let doc: JobDoc | undefined;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const found = jobs.get(tenant, nextId);
    if (!found) return { doc, nextId };
    doc = found;
    if (!isEndedJob(found.state) || found.state.status === 'succeeded') return { doc, nextId };
    nextId = idFromText(nextId);
  }
  return { doc, nextId };
};
