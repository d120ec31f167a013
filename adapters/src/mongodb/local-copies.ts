import { readdir, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import type { ArtifactStore, Clock } from '@hindcast/domain';
import { damagedSuffix, openFolderArtifactStore } from '../files/index.ts';

/** Whoever was handed a path has this long to open the file; what is open stays readable. */
const inUseMs = 60_000;

export interface LocalCopies {
  /** As artifacts of a folder: streamed in, hashed on the way, there when whole. */
  readonly files: ArtifactStore;
  /** The path, where there is a copy; it is then the one used most recently. */
  use(sha256: string): Promise<string | undefined>;
  /** Removes the copies used least recently until the rest fits. */
  shrink(): Promise<void>;
}

/** Copies of artifacts in a folder of this process or machine, about `bytesMax` of them. */
export const openLocalCopies = async (folder: string, bytesMax: number, now: Clock): Promise<LocalCopies> => {
  const files = await openFolderArtifactStore(folder, now);

  return {
    files,
    async use(sha256) {
      const path = await files.localPath(sha256);
      const at = now() / 1_000;
      // Another process of this folder may have removed it just now.
      return path === undefined
        ? undefined
        : utimes(path, at, at).then(
            () => path,
            () => undefined,
          );
    },
    async shrink() {
      const copies: { path: string; bytes: number; usedAt: number }[] = [];
      for (const name of await readdir(folder)) {
        if (!/^[0-9a-f]{64}$/.test(name.replace(damagedSuffix, ''))) continue;
        const path = join(folder, name);
        const found = await stat(path).catch(() => undefined);
        if (found) copies.push({ path, bytes: found.size, usedAt: found.mtimeMs });
      }
      let bytesHeld = copies.reduce((sum, { bytes }) => sum + bytes, 0);
      for (const { path, bytes, usedAt } of copies.sort((a, b) => a.usedAt - b.usedAt)) {
        if (bytesHeld <= bytesMax || now() - usedAt < inUseMs) return;
        await rm(path, { force: true });
        bytesHeld -= bytes;
      }
    },
  };
};
