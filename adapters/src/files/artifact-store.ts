import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { type ArtifactStore, ArtifactTooLarge, type Clock } from '@hindcast/domain';
import { checkedContent } from './checked-content.ts';
import { syncFolder } from './sync-folder.ts';

const digestPattern = /^[0-9a-f]{64}$/;
const temporaryPrefix = '.incoming-';
/** Another process may share the folder: what was written to within this time is not left over. */
const leftOverAgeMsMin = 600_000;

/** Behind the name of a file whose content is not what its name says: nobody finds it by its digest, and a person can look at it. */
export const damagedSuffix = '.damaged';

const exists = async (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

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

type SetAside = (path: string, inode: number) => Promise<void>;

/** Not what was put under that name since it was opened. */
const setAside: SetAside = async (path, inode) => {
  if ((await stat(path)).ino === inode) await rename(path, `${path}${damagedSuffix}`);
};

async function* readFile(path: string, sha256: string, aside: SetAside): AsyncGenerator<Uint8Array> {
  const handle = await open(path);
  const { ino } = await handle.stat();
  yield* checkedContent(handle.createReadStream(), sha256, () => aside(path, ino));
}

/** What the store in a folder holds, whether or not a process has it open. Nothing is written. */
export const readFolderArtifacts = (folder: string): Omit<ArtifactStore, 'put'> => readFolder(folder, async () => {});

const readFolder = (folder: string, setAside: SetAside): Omit<ArtifactStore, 'put'> => {
  const find = async (sha256: string): Promise<string | undefined> => {
    if (!digestPattern.test(sha256)) return undefined;
    const path = join(folder, sha256);
    return (await exists(path)) ? path : undefined;
  };

  return {
    get: async (sha256) => {
      const path = await find(sha256);
      return path === undefined ? undefined : readFile(path, sha256, setAside);
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
    ...readFolder(folder, setAside),
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
