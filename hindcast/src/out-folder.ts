import { stat } from 'node:fs/promises';
import { usage } from './cli-failure.ts';

/** Before any work is done for a folder: that it is one, or can be made. */
export const mustBeFolder = async (path: string): Promise<void> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error.code);
  if (found === 'ENOENT') return;
  if (found === undefined || typeof found === 'string') throw usage(`${path} cannot be a folder: ${found}.`);
  if (!found.isDirectory()) throw usage(`${path} is a file: name a folder.`);
};
