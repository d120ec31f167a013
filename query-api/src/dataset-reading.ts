import { jobsCaughtUp, openPayload, problem } from '@hindcast/adapters/http';
import {
  type DataRef,
  type DatasetManifest,
  DEFAULT_TENANT,
  datasetJobs,
  isEndedJob,
  type JobDoc,
} from '@hindcast/domain';
import type { QueryPorts } from './query-ports.ts';

export type DatasetPorts = Pick<QueryPorts, 'jobs' | 'artifacts' | 'identity'>;

/** @throws Problem `unknown-dataset`, `catalog-behind` */
export const findDataset = async ({ jobs, identity }: DatasetPorts, datasetId: string): Promise<JobDoc> => {
  const find = () => datasetJobs(jobs, identity.idFromText, DEFAULT_TENANT, datasetId).doc;
  const known = find();
  if (known?.state.status === 'succeeded') return known;
  await jobsCaughtUp(jobs);
  const found = find();
  if (found) return found;
  throw problem('unknown-dataset', 'No data set with this id is known.');
};

type Kept = Pick<DatasetPorts, 'artifacts'>;

/**
 * Of a data set that was cut; a store that cannot be read is asked for the content.
 * @throws Problem `dataset-file-gone`
 */
export const mustHave = async ({ artifacts }: Kept, { sha256 }: DataRef, what: string): Promise<void> => {
  if (await artifacts.has(sha256).catch(() => true)) return;
  const again = 'Ask for the set again with the same wishes and positions: it is cut again, to the same bytes.';
  throw problem('dataset-file-gone', `The artifact store no longer has ${what} (${sha256}). ${again}`);
};

/** @throws Problem `dataset-file-gone`, `store-unavailable` */
export const openKept = async (ports: Kept, ref: DataRef, what: string): Promise<AsyncIterable<Uint8Array>> => {
  await mustHave(ports, ref, what);
  return openPayload(ports.artifacts, ref);
};

/** @throws Problem `dataset-not-ready`, `dataset-file-gone`, `store-unavailable`, and those of `findDataset` */
export const readManifest = async (
  ports: DatasetPorts,
  datasetId: string,
): Promise<{ readonly text: string; readonly sha256: string; readonly manifest: DatasetManifest }> => {
  const { id, state } = await findDataset(ports, datasetId);
  if (state.status !== 'succeeded' || !isEndedJob(state))
    throw problem('dataset-not-ready', `The job ${id} that cuts it is ${state.status}.`);
  const ref = state.result?.['manifest'] as DataRef;
  const chunks: Uint8Array[] = [];
  for await (const chunk of await openKept(ports, ref, 'its manifest')) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return { text, sha256: ref.sha256, manifest: JSON.parse(text) as DatasetManifest };
};
