import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * Makes the folder where it is not there, and rejects with the error of the file system where it cannot be made or
 * written. Step by step: Node's own recursive mkdir never ends where an existing folder takes no new ones, as /proc.
 */
export const makeDataFolder = async (path: string): Promise<void> => {
  await makeFolder(path);
  await access(path, constants.W_OK | constants.X_OK);
};

const makeFolder = async (path: string): Promise<void> => {
  const isThere = await stat(path).catch(() => undefined);
  if (isThere?.isDirectory()) return;
  const parent = dirname(path);
  if (!isThere && parent !== path) await makeFolder(parent);
  await mkdir(path).catch(async (error: unknown) => {
    // Another process may have made it meanwhile.
    const made = await stat(path).catch(() => undefined);
    if (!made?.isDirectory()) throw error;
  });
};
