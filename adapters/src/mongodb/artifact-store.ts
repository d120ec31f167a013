import type { ArtifactStore, Clock } from '@hindcast/domain';
import type { Db, GridFSFile } from 'mongodb';
import { checkedContent } from '../files/index.ts';
import { openArtifactUploads } from './artifact-uploads.ts';
import { openLocalCopies } from './local-copies.ts';
import { majority } from './mongo-client.ts';

const digestPattern = /^[0-9a-f]{64}$/;
const cacheBytesMax = 8 * 1024 ** 3;

/**
 * Artifacts in GridFS, with local copies in a folder that may be emptied at any time. An artifact comes into the folder
 * first, where its digest is taken, and is stored by the majority when `put` resolves.
 */
export const openGridFsArtifactStore = async ({
  db,
  cacheFolder,
  cacheBytes = cacheBytesMax,
  now = Date.now,
}: {
  db: Db;
  cacheFolder: string;
  /** How much local copies may take; those in use count, and stay. */
  cacheBytes?: number;
  now?: Clock;
}): Promise<ArtifactStore> => {
  const uploads = await openArtifactUploads(db.client.db(db.databaseName, majority), now);
  const copies = await openLocalCopies(cacheFolder, cacheBytes, now);
  const downloading = new Map<string, Promise<string | undefined>>();

  const stored = (file: GridFSFile): AsyncIterable<Uint8Array> =>
    checkedContent(uploads.read(file), file.filename, () => uploads.setAside(file));

  const download = async (sha256: string): Promise<string | undefined> => {
    const file = await uploads.find(sha256);
    if (file === null) return undefined;
    await copies.files.put(stored(file), file.length);
    const path = await copies.use(sha256);
    await copies.shrink();
    return path;
  };

  return {
    async put(source, bytesMax) {
      const artifact = await copies.files.put(source, bytesMax);
      const path = await copies.use(artifact.sha256);
      if (path === undefined) throw new Error(`The local copy of artifact ${artifact.sha256} was removed.`);
      await uploads.upload(path, artifact.sha256);
      await copies.shrink();
      return artifact;
    },
    async get(sha256) {
      if (!digestPattern.test(sha256)) return undefined;
      const file = await uploads.find(sha256);
      if (file === null) return undefined;
      const path = await copies.use(sha256);
      const copy = path === undefined ? undefined : await copies.files.get(sha256);
      return copy ?? stored(file);
    },
    has: async (sha256) => digestPattern.test(sha256) && (await uploads.find(sha256)) !== null,
    async localPath(sha256) {
      if (!digestPattern.test(sha256)) return undefined;
      const path = await copies.use(sha256);
      if (path !== undefined) return path;
      const running = downloading.get(sha256) ?? download(sha256).finally(() => downloading.delete(sha256));
      downloading.set(sha256, running);
      return running;
    },
  };
};
