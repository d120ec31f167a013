import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactStore, ArtifactTooLarge, type Clock } from '@hindcast/domain';

const digestPattern = /^[0-9a-f]{64}$/;
const temporaryPrefix = '.incoming-';
/** Another process may share the folder: what was written to within this time is not left over. */
const leftOverAgeMsMin = 600_000;

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

const syncFolder = async (folder: string): Promise<void> => {
  const handle = await open(folder);
  await handle.sync().finally(() => handle.close());
};

const removeLeftOvers = async (folder: string, now: Clock): Promise<void> => {
  for (const name of await readdir(folder)) {
    if (!name.startsWith(temporaryPrefix)) continue;
    const path = join(folder, name);
    const { mtimeMs } = await stat(path).catch(() => ({ mtimeMs: Number.POSITIVE_INFINITY }));
    if (now() - mtimeMs >= leftOverAgeMsMin) await rm(path, { force: true });
  }
};

/** Writes and syncs the file, hashing what passes. */
const receive = async (source: AsyncIterable<Uint8Array>, path: string, bytesMax: number) => {
  const hash = createHash('sha256');
  let bytes = 0;
  const handle = await open(path, 'wx');
  try {
    for await (const chunk of source) {
      bytes += chunk.length;
      if (bytes > bytesMax) throw new ArtifactTooLarge(bytesMax);
      hash.update(chunk);
      await handle.writeFile(chunk);
    }
    await handle.sync();
  } finally {
    await handle.close();
  }
  return { sha256: hash.digest('hex'), bytes };
};

/** What the store in a folder holds, whether or not a process has it open. Nothing is written. */
export const readFolderArtifacts = (folder: string): Omit<ArtifactStore, 'put'> => {
  const find = async (sha256: string): Promise<string | undefined> => {
    if (!digestPattern.test(sha256)) return undefined;
    const path = join(folder, sha256);
    return (await exists(path)) ? path : undefined;
  };

  return {
    get: async (sha256) => {
      const path = await find(sha256);
      return path === undefined ? undefined : createReadStream(path);
    },
    has: async (sha256) => (await find(sha256)) !== undefined,
    localPath: find,
  };
};

/** One file per artifact, named by its digest. The folder is made if it is not there. */
export const openFolderArtifactStore = async (folder: string, now: Clock = Date.now): Promise<ArtifactStore> => {
  await mkdir(folder, { recursive: true });
  await removeLeftOvers(folder, now);
  return {
    ...readFolderArtifacts(folder),
    put: async (source, bytesMax) => {
      const temporary = join(folder, `${temporaryPrefix}${randomUUID()}`);
      try {
        const artifact = await receive(source, temporary, bytesMax);
        await rename(temporary, join(folder, artifact.sha256));
        await syncFolder(folder);
        return artifact;
      } catch (error) {
        await rm(temporary, { force: true });
        throw error;
      }
    },
  };
};
