import { readFile, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Names of files as manifests have them: nothing that leads out of the folder. */
const namePattern = /^[\w-][\w.-]*\/[\w-][\w.-]*$/;

/**
 * Removes from a folder what the manifest there names and the new set does not have, and nothing else: whoever reads the
 * folder would mix two cuts. To be called before the new manifest takes its place, so that what is broken off is done again.
 */
export const removeEarlierSet = async (folder: string, isKept: (name: string) => boolean): Promise<void> => {
  for (const name of await namesIn(folder)) {
    if (isKept(name)) continue;
    const path = join(folder, ...name.split('/'));
    await rm(path, { force: true });
    // What somebody else has put beside it stays, and so does the folder then.
    await rmdir(dirname(path)).catch(() => {});
  }
};

const namesIn = async (folder: string): Promise<readonly string[]> => {
  const text = await readFile(join(folder, 'manifest.json'), 'utf8').catch(() => '{}');
  const { files } = parsed(text) as { readonly files?: unknown };
  if (!Array.isArray(files)) return [];
  const names = files.map((file: { readonly name?: unknown } | null) => String(file?.name));
  return names.filter((name) => namePattern.test(name));
};

const parsed = (text: string): object => {
  try {
    return (JSON.parse(text) as object | null) ?? {};
  } catch {
    return {};
  }
};
