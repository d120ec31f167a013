import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type DatasetFile, type DatasetManifest, datasetManifestSchema } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { ApiClient } from './api-client.ts';
import { failed } from './cli-failure.ts';
import { holdOutFolder } from './hold-out-folder.ts';
import { isFileName, manifestName, parsedManifest, pathOf, placeSet } from './place-set.ts';
import type { Voice } from './terminal.ts';

/** Broken connections in a row, without a byte between them, before a download gives up. */
const interruptionsMax = 5;

/** The files of a data set in a folder. What is there already is kept, and what was broken off goes on. */
export const downloadDataset = async (
  client: ApiClient,
  id: string,
  folder: string,
  voice: Voice,
): Promise<DatasetManifest> => {
  const text = await (await client.open(`/v1/datasets/${id}`)).text();
  const manifest = manifestIn(text, id, client.url);
  await holdOutFolder(folder, async (unfinished) => {
    const parts = new Map<string, string>();
    for (const [at, file] of manifest.files.entries()) {
      if (await isWhole(pathOf(folder, file.name), file)) continue;
      const part = join(unfinished, `${file.sha256}-${at}`);
      await downloadFile(client, manifest.datasetId, file, part, voice);
      parts.set(file.name, part);
    }
    const manifestPart = join(unfinished, `${manifestName}.part`);
    await writeFile(manifestPart, text);
    await placeSet(folder, unfinished, { names: manifest.files.map(({ name }) => name), parts, manifestPart });
  });
  const rows = manifest.files.reduce((sum, file) => sum + file.rows, 0);
  voice.progress(`${rows} rows in ${folder}`, true);
  return manifest;
};

/** All else in it may be of another version. */
const filesSchema = Type.Pick(datasetManifestSchema, ['datasetId', 'files']);

/** Names and digests become paths: those of a server that is broken, or is another one than it says, could lead anywhere. */
const manifestIn = (text: string, id: string, url: string): DatasetManifest => {
  const refused = (what: string) => failed(`${what}: is ${url} the address of a Hindcast server?`);
  const manifest = parsedManifest(text);
  if (!Value.Check(filesSchema, manifest)) throw refused('What the server sent is no manifest of a data set');
  if (manifest.datasetId !== id) throw refused(`The server sent the data set ${manifest.datasetId} in place of ${id}`);
  const wrong = manifest.files.find(({ name }) => !isFileName(name));
  if (wrong) throw refused(`The server names ${JSON.stringify(wrong.name)}, which no file of a data set is called`);
  return manifest as DatasetManifest;
};

const downloadFile = async (
  client: ApiClient,
  id: string,
  file: DatasetFile,
  part: string,
  voice: Voice,
): Promise<void> => {
  for (let interruptions = 0; (await sizeOf(part)) !== file.bytes; interruptions++) {
    const before = await sizeOf(part);
    try {
      await append(client, id, file, part, (bytes) => voice.progress(`${file.name}: ${bytes} of ${file.bytes} bytes`));
      const come = await sizeOf(part);
      if (come !== file.bytes && come <= before) throw failed(isOtherLength(file, come));
    } catch (error) {
      const came = (await sizeOf(part)) > before;
      if (came) interruptions = 0;
      if (!(error instanceof TypeError) || interruptions >= interruptionsMax) throw error;
      voice.note('The connection broke; going on where it was.');
    }
  }
  const digest = await digestOf(part);
  if (digest !== file.sha256) {
    await rm(part);
    throw failed(`${file.name} came as ${digest} and should be ${file.sha256}: it was thrown away, try again.`);
  }
};

/** Of an answer that ended well: to ask again would bring the same. */
const isOtherLength = ({ name, bytes }: DatasetFile, come: number): string =>
  `The server sends ${come} bytes of ${name}, which should have ${bytes}: is it the Hindcast that made the set, and is its disk whole?`;

const append = async (
  client: ApiClient,
  id: string,
  file: DatasetFile,
  part: string,
  told: (bytes: number) => void,
): Promise<void> => {
  let at = await sizeOf(part);
  if (at > file.bytes) at = 0;
  const headers: Record<string, string> = at === 0 ? {} : { range: `bytes=${at}-`, 'if-range': `"${file.sha256}"` };
  const response = await client.open(`/v1/datasets/${id}/files/${file.name}`, { headers });
  const handle = await open(part, response.status === 206 ? 'a' : 'w');
  if (response.status !== 206) at = 0;
  try {
    for await (const chunk of (response.body ?? []) as AsyncIterable<Uint8Array>) {
      await handle.writeFile(chunk);
      at += chunk.length;
      told(at);
    }
  } finally {
    await handle.close();
  }
};

const sizeOf = (path: string): Promise<number> =>
  stat(path).then(
    ({ size }) => size,
    () => 0,
  );

const isWhole = async (path: string, file: DatasetFile): Promise<boolean> =>
  (await sizeOf(path)) === file.bytes && (await digestOf(path)) === file.sha256;

const digestOf = async (path: string): Promise<string> => {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Uint8Array);
  return hash.digest('hex');
};
