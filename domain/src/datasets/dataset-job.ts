import { isEndedJob } from '../evolve-job.ts';
import type { JobCatalog, JobDoc } from '../job-catalog.ts';
import type { IdFromText } from '../ports.ts';

export const datasetJobKind = 'dataset-cut';

/** More attempts at one set are not looked through. */
const attemptsMax = 1_000;

export interface DatasetJobs {
  /** The newest job of the set. */
  readonly doc: JobDoc | undefined;
  /** Id of the job that would be asked for next: of the newest one, unless that has failed or was canceled. */
  readonly nextId: string;
  /** Id of the one that would be asked for where the newest has ended, but its files are gone. */
  readonly againId: string;
}

/**
 * The jobs of a data set. Its id makes the id of the first; after one that failed or was canceled, or whose files are gone,
 * the set may be asked for again, and the next id follows from the one before: who asks at the same time asks for the same job.
 */
export const datasetJobs = (
  jobs: Pick<JobCatalog, 'get'>,
  idFromText: IdFromText,
  tenant: string,
  datasetId: string,
): DatasetJobs => {
  let freeId = idFromText(`${tenant}/dataset/${datasetId}`);
  let doc: JobDoc | undefined;
  for (let attempt = 0; attempt < attemptsMax; attempt++) {
    const found = jobs.get(tenant, freeId);
    if (!found) break;
    doc = found;
    if (!isEndedJob(found.state)) break;
    freeId = idFromText(freeId);
  }
  const isAnswer = doc !== undefined && (!isEndedJob(doc.state) || doc.state.status === 'succeeded');
  return { doc, nextId: doc && isAnswer ? doc.id : freeId, againId: freeId };
};
