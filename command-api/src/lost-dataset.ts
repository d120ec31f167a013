import { type ArtifactStore, type DataRef, type DatasetManifest, isEndedJob, type JobDoc } from '@hindcast/domain';

/** Whether the store lacks a file of a set that was cut. Of a store that cannot be read nothing is known. */
export const isLost = async (
  artifacts: Pick<ArtifactStore, 'get' | 'has'>,
  doc: JobDoc | undefined,
): Promise<boolean> => {
  if (doc === undefined || !isEndedJob(doc.state) || doc.state.status !== 'succeeded') return false;
  const manifest = doc.state.result?.['manifest'] as DataRef | undefined;
  if (!manifest) return false;
  try {
    const content = await artifacts.get(manifest.sha256);
    if (!content) return true;
    const chunks: Uint8Array[] = [];
    for await (const chunk of content) chunks.push(chunk);
    const { files } = JSON.parse(Buffer.concat(chunks).toString('utf8')) as DatasetManifest;
    const there = await Promise.all(files.map((file) => artifacts.has(file.sha256)));
    return there.includes(false);
  } catch {
    return false;
  }
};
