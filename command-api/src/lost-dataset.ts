import { readPayload } from '@hindcast/adapters/http';
import {
  ArtifactDamaged,
  type ArtifactStore,
  type DataRef,
  type DatasetManifest,
  isEndedJob,
  type JobDoc,
} from '@hindcast/domain';

/** Whether the store lacks a file of a set that was cut. Of a store that cannot be read nothing is known. */
export const isLost = async (artifacts: Pick<ArtifactStore, 'get' | 'has'>, { state }: JobDoc): Promise<boolean> => {
  const manifest = isEndedJob(state) && (state.result?.['manifest'] as DataRef | undefined);
  if (!manifest) return false;
  try {
    if (!(await artifacts.has(manifest.sha256))) return true;
    const { files } = (await readPayload(artifacts, manifest)) as DatasetManifest;
    const there = await Promise.all(files.map((file) => artifacts.has(file.sha256)));
    return there.includes(false);
  } catch (error) {
    return error instanceof ArtifactDamaged;
  }
};
