import { createHash } from 'node:crypto';
import { open, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { readFolderArtifacts } from '@hindcast/adapters/files';
import { nodeAuditCrypto, nodeIdentity } from '@hindcast/adapters/node';
import {
  type DatasetManifest,
  type DatasetRequest,
  DEFAULT_TENANT,
  datasetIdOf,
  planDataset,
  type ReadableLog,
  redactionKeyIdOf,
} from '@hindcast/domain';
import { cutDataset } from '@hindcast/workers';
import { usage } from './cli-failure.ts';
import { holdOutFolder, unfinishedIn } from './hold-out-folder.ts';
import { allThreads, datasetExtractorIn, workFolder } from './parts/dataset-extractor.ts';
import { datasetNotesIn } from './parts/dataset-notes.ts';
import { workOf } from './parts/dataset-work.ts';
import { manifestName, placeSet } from './place-set.ts';
import type { Config } from './settings.ts';
import type { Voice } from './terminal.ts';
import { workInThisProcess } from './work-in-this-process.ts';

/** Cuts a data set straight from a data folder into another folder, without a server. */
export const cutFolderDataset = async (
  log: ReadableLog,
  request: DatasetRequest,
  config: Pick<Config, 'data' | 'redactionKey' | 'datasetMemoryBytes'>,
  out: string,
  voice: Voice,
): Promise<DatasetManifest> => {
  const { redactionKey } = config;
  const identity = nodeIdentity;
  const extractor = datasetExtractorIn(unfinishedIn(out), config, allThreads);
  const redactionKeyId = redactionKey === undefined ? undefined : redactionKeyIdOf(redactionKey, identity.sha256);
  const planned = await planDataset(log, request, { tenant: DEFAULT_TENANT, extractor, redactionKeyId });
  if (!planned.ok) throw usage(planned.refusal.detail);
  const artifacts = readFolderArtifacts(join(config.data, 'artifacts'));
  const { manifest } = await holdOutFolder(out, async (unfinished) => {
    const keep = keepIn(out, unfinished);
    const notes = datasetNotesIn(workFolder(unfinished));
    const ports = { log, artifacts, extractor, identity, redactionKey, crypto: nodeAuditCrypto, keep, notes };
    const id = datasetIdOf(planned.plan, identity.sha256);
    await removeIn(workFolder(unfinished), (name) => workOf(name)?.id !== id);
    try {
      return await workInThisProcess(voice, (run) => cutDataset(planned.plan, ports, run));
    } catch (error) {
      // A process that is killed does not come here: from what it has put aside the next one goes on.
      await removeIn(unfinished, (name) => name !== manifestName);
      throw error;
    }
  });
  voice.progress(`${manifest.accountedFor.rows} rows in ${out}`, true);
  return manifest;
};

/** Also what is of sets whose processes were killed, and that nobody has asked for again. */
const removeIn = async (folder: string, isOver: (name: string) => boolean): Promise<void> => {
  for (const name of await readdir(folder).catch(() => []))
    if (isOver(name)) await rm(join(folder, name), { recursive: true, force: true });
};

/** Files get their names when the manifest comes: whoever reads the folder meanwhile finds the set that was there before. */
const keepIn = (folder: string, unfinished: string) => {
  const parts = new Map<string, string>();
  return async (name: string, content: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> => {
    const part = join(unfinished, `${encodeURIComponent(name)}.part`);
    const hash = createHash('sha256');
    let bytes = 0;
    const handle = await open(part, 'w');
    try {
      for await (const chunk of content) {
        hash.update(chunk);
        bytes += chunk.length;
        await handle.writeFile(chunk);
      }
      await handle.sync();
    } finally {
      await handle.close();
    }
    if (name === manifestName)
      await placeSet(folder, unfinished, { names: [...parts.keys()], parts, manifestPart: part });
    else parts.set(name, part);
    return { sha256: hash.digest('hex'), bytes };
  };
};
