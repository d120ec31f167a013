import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import type { ArtifactStore } from '@hindcast/domain';

/** Digest of the file that would be loaded for an artifact, whatever its name says; undefined where there is none. */
export const artifactDigest =
  (artifacts: Pick<ArtifactStore, 'localPath'>) =>
  async (sha256: string): Promise<string | undefined> => {
    const path = await artifacts.localPath(sha256);
    if (path === undefined) return undefined;
    const hash = createHash('sha256');
    for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
    return hash.digest('hex');
  };
