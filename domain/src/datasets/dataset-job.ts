import { isEndedJob } from '../evolve-job.ts';
import type { JobCatalog, JobDoc } from '../job-catalog.ts';
import type { IdFromText } from '../ports.ts';

export const datasetJobKind = 'dataset-cut';

/** More attempts at one set are not looked through. */
const attemptsMax = 1_000;

export interface DatasetJobs {
  /** The newest job of the set. */
  readonly doc: JobDoc | undefined;
  /** The newest that has succeeded: of what it has kept there may be some, whatever became of those after it. */
  readonly cut: JobDoc | undefined;
  /** Id of the job that would be asked for where nothing of the set is there: of the one that is open, or a new one. */
  readonly nextId: string;
}

/**
 * The jobs of a data set. Its id makes the id of the first; after one that has ended the set may be asked for again, and the
 * next id follows from the one before: who asks at the same time asks for the same job.
 */
export const datasetJobs = (
  jobs: Pick<JobCatalog, 'get'>,
  idFromText: IdFromText,
  tenant: string,
  datasetId: string,
): DatasetJobs => {
  let nextId = idFromText(`${tenant}/dataset/${datasetId}`);
  let [doc, cut]: [JobDoc | undefined, JobDoc | undefined] = [undefined, undefined];
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const found = jobs.get(tenant, nextId);
    if (!found) break;
    doc = found;
    if (!isEndedJob(found.state)) break;
    if (found.state.status === 'succeeded') cut = found;
    nextId = idFromText(nextId);
  }
  return { doc, cut, nextId };
};
