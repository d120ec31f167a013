import { jobsCaughtUp, openPayload, problem } from '@hindcast/adapters/http';
import {
  type DataRef,
  type DatasetJobs,
  type DatasetManifest,
  DEFAULT_TENANT,
  datasetJobs,
  isEndedJob,
  type JobDoc,
} from '@hindcast/domain';
import type { QueryPorts } from './query-ports.ts';

type DatasetPorts = Pick<QueryPorts, 'jobs' | 'artifacts' | 'identity'>;

/** @throws Problem `unknown-dataset`, `catalog-behind` */
const findDataset = async ({ jobs, identity }: DatasetPorts, datasetId: string): Promise<DatasetJobs> => {
  const find = () => datasetJobs(jobs, identity.idFromText, DEFAULT_TENANT, datasetId);
  const known = find();
  if (known.cut) return known;
  await jobsCaughtUp(jobs);
  const found = find();
  if (found.doc) return found;
  throw problem('unknown-dataset', 'No data set with this id is known.');
};

/** What a set has kept, and the job that cuts it again, if one does. */
export type KeptDataset = Pick<DatasetPorts, 'artifacts'> & { readonly again: JobDoc | undefined };

/**
 * Of a data set that was cut; a store that cannot be read is asked for the content.
 * @throws Problem `dataset-file-gone`, `dataset-not-ready` where it will come back
 */
export const mustHave = async ({ artifacts, again }: KeptDataset, { sha256 }: DataRef, what: string): Promise<void> => {
  if (await artifacts.has(sha256).catch(() => true)) return;
  if (again) {
    const detail = `The artifact store no longer has ${what} (${sha256}), and the job ${again.id} that cuts it again is ${again.state.status}.`;
    throw problem('dataset-not-ready', detail);
  }
  const how = 'Ask for the set again with the same wishes and positions: it is cut again, to the same bytes.';
  throw problem('dataset-file-gone', `The artifact store no longer has ${what} (${sha256}). ${how}`);
};

/** @throws Problem `store-unavailable`, and those of `mustHave` */
export const openKept = async (kept: KeptDataset, ref: DataRef, what: string): Promise<AsyncIterable<Uint8Array>> => {
  await mustHave(kept, ref, what);
  return openPayload(kept.artifacts, ref);
};

export interface ReadManifest {
  readonly text: string;
  readonly sha256: string;
  readonly manifest: DatasetManifest;
  readonly kept: KeptDataset;
}

/** @throws Problem `dataset-not-ready`, `dataset-file-gone`, `store-unavailable`, and those of `findDataset` */
export const readManifest = async (ports: DatasetPorts, datasetId: string): Promise<ReadManifest> => {
  const { doc, cut } = await findDataset(ports, datasetId);
  if (!cut || !isEndedJob(cut.state))
    throw problem('dataset-not-ready', `The job ${doc?.id} that cuts it is ${doc?.state.status}.`);
  const ref = cut.state.result?.['manifest'] as DataRef;
  const kept = { artifacts: ports.artifacts, again: doc && !isEndedJob(doc.state) ? doc : undefined };
  const chunks: Uint8Array[] = [];
  for await (const chunk of await openKept(kept, ref, 'its manifest')) chunks.push(chunk);
  const text = Buffer.concat(chunks).toString('utf8');
  return { text, sha256: ref.sha256, manifest: JSON.parse(text) as DatasetManifest, kept };
};
