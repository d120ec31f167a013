import { mkdir, readdir, readFile, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { failed } from './cli-failure.ts';

/** Among what is unfinished it is that of the set which is being put in place. */
export const manifestName = 'manifest.json';
/** Names of files as manifests have them: nothing that leads out of the folder, and no split is called as a manifest is. */
const namePattern = /^[\w-]+\/[\w-][\w.-]*$/;
const idPattern = /^[0-9a-f]{64}$/;

export interface SetToPlace {
  /** Names of all files of the set, but that of its manifest. */
  readonly names: readonly string[];
  /** Where those lie that are not in the folder yet, by name. */
  readonly parts: ReadonlyMap<string, string>;
  readonly manifestPart: string;
}

export const isFileName = (name: string): boolean => namePattern.test(name);

/** What is not whole yet lies in it, in the folder of the set. */
export const unfinishedName = '.hindcast-unfinished';

/**
 * Nothing in a folder is replaced or removed in the name of a manifest that is none of a data set, and no set is put among
 * files of others: a folder is of a set where its manifest is, or what another process of hindcast has not finished.
 */
export const refuseForeignFolder = async (folder: string): Promise<void> => {
  const names: readonly string[] = await readdir(folder).catch(() => []);
  if (names.includes(manifestName)) return refuseForeignManifest(join(folder, manifestName));
  // Hidden ones are of systems, and of downloads that were killed.
  const foreign = names.includes(unfinishedName) ? undefined : names.find((name) => !name.startsWith('.'));
  if (foreign === undefined) return;
  throw failed(`${folder} has other files in it, such as ${foreign}, and no data set: name another folder.`);
};

const refuseForeignManifest = async (path: string): Promise<void> => {
  const text = await readFile(path, 'utf8').catch(() => undefined);
  if (text === undefined || isOfSet(parsedManifest(text))) return;
  throw failed(`${path} is not of a data set: move it away, or name another folder.`);
};

/**
 * Puts a set that has come whole in the place of what its folder has, the manifest last. What an earlier manifest names and
 * this set does not have is removed, and nothing else: whoever reads the folder would mix two cuts. Which files are on their
 * way stands in `unfinished`, so that they are removed too when this is broken off and another set comes.
 */
export const placeSet = async (
  folder: string,
  unfinished: string,
  { names, parts, manifestPart }: SetToPlace,
): Promise<void> => {
  const placing = join(unfinished, manifestName);
  for (const manifest of [join(folder, manifestName), placing]) {
    for (const name of await namesIn(manifest)) if (!names.includes(name)) await removeFile(pathOf(folder, name));
  }
  await rename(manifestPart, placing);
  for (const [name, part] of parts) {
    await mkdir(dirname(pathOf(folder, name)), { recursive: true });
    await rename(part, pathOf(folder, name));
  }
  await rename(placing, join(folder, manifestName));
};

export const pathOf = (folder: string, name: string): string => join(folder, ...name.split('/'));

const removeFile = async (path: string): Promise<void> => {
  await rm(path, { force: true });
  // What somebody else has put beside it stays, and so does the folder then.
  await rmdir(dirname(path)).catch(() => {});
};

interface Manifest {
  readonly datasetId?: unknown;
  readonly files?: unknown;
}

const isOfSet = ({ datasetId }: Manifest): boolean => typeof datasetId === 'string' && idPattern.test(datasetId);

const namesIn = async (path: string): Promise<readonly string[]> => {
  const manifest = parsedManifest(await readFile(path, 'utf8').catch(() => '{}'));
  const { files } = manifest;
  if (!isOfSet(manifest) || !Array.isArray(files)) return [];
  const names = files.map((file: { readonly name?: unknown } | null) => String(file?.name));
  return names.filter(isFileName);
};

/** Nothing is known of its form yet. Empty where the text is no JSON. */
export const parsedManifest = (text: string): Manifest => {
  try {
    return (JSON.parse(text) as Manifest | null) ?? {};
  } catch {
    return {};
  }
};
