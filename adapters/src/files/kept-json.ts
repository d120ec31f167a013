import { open, readFile, rename } from 'node:fs/promises';
import { dirname } from 'node:path';
import { syncFolder } from './sync-folder.ts';

/** What was kept; undefined where nothing was, or nothing that can be read. */
export const readKeptJson = async (path: string): Promise<unknown> => {
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch {
    return undefined;
  }
};

/**
 * It is there when it resolves, also after the machine has lost its power, and so are the names of files that were made beside
 * it before. Until then there is what was kept before.
 */
export const keepJson = async (path: string, value: unknown): Promise<void> => {
  const handle = await open(`${path}.part`, 'w');
  try {
    await handle.writeFile(JSON.stringify(value));
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(`${path}.part`, path);
  await syncFolder(dirname(path));
};
