import { stat } from 'node:fs/promises';
import { isAbsolute, relative, resolve } from 'node:path';
import { usage } from './cli-failure.ts';
import { refuseForeignFolder } from './place-set.ts';

/** Before any work is done for a folder: that it is one, or can be made, and that no set would lie among other files. */
export const mustTakeSet = async (path: string): Promise<void> => {
  await mustBeFolder(path);
  await refuseForeignFolder(path);
};

const mustBeFolder = async (path: string): Promise<void> => {
  const found = await stat(path).catch((error: NodeJS.ErrnoException) => error.code);
  if (found === 'ENOENT') return;
  if (found === undefined || typeof found === 'string') throw usage(`${path} cannot be a folder: ${found}.`);
  if (!found.isDirectory()) throw usage(`${path} is a file: name a folder.`);
};

/** A server keeps its own work beside its data, and a set has no place among its files. */
export const mustBeOutside = (data: string, out: string): void => {
  const path = relative(resolve(data), resolve(out));
  if (path.startsWith('..') || isAbsolute(path)) return;
  throw usage(`${out} is in the data folder ${data}: name a folder of its own with --out.`);
};
