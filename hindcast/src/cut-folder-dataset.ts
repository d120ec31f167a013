import { createHash } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
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
import { removeEarlierSet } from './earlier-set.ts';
import { holdOutFolder } from './hold-out-folder.ts';
import { allThreads, datasetExtractorIn, workFolder } from './parts/dataset-extractor.ts';
import { workOf } from './parts/dataset-work.ts';
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
  const extractor = datasetExtractorIn(out, config, allThreads);
  const redactionKeyId = redactionKey === undefined ? undefined : redactionKeyIdOf(redactionKey, identity.sha256);
  const planned = await planDataset(log, request, { tenant: DEFAULT_TENANT, extractor, redactionKeyId });
  if (!planned.ok) throw usage(planned.refusal.detail);
  const artifacts = readFolderArtifacts(join(config.data, 'artifacts'));
  const { manifest } = await holdOutFolder(out, async (unfinished) => {
    const keep = keepIn(out, unfinished);
    const ports = { log, artifacts, extractor, identity, redactionKey, crypto: nodeAuditCrypto, keep };
    await removeWork(workFolder(out), (id) => id !== datasetIdOf(planned.plan, identity.sha256));
    try {
      return await workInThisProcess(voice, (run) => cutDataset(planned.plan, ports, run));
    } finally {
      // A process that is killed does not come here: from what it has put aside the next one goes on.
      await removeWork(workFolder(out), () => true);
      await rm(unfinished, { recursive: true, force: true });
    }
  });
  voice.progress(`${manifest.accountedFor.rows} rows in ${out}`, true);
  return manifest;
};

/** Also of sets whose processes were killed, and that nobody has asked for again. What somebody else has put there stays. */
const removeWork = async (folder: string, isOver: (id: string) => boolean): Promise<void> => {
  for (const name of await readdir(folder).catch(() => [])) {
    const id = workOf(name)?.id;
    if (id !== undefined && isOver(id)) await rm(join(folder, name), { recursive: true, force: true });
  }
  await rmdir(folder).catch(() => {});
};

/**
 * Files get their names when the manifest comes, and it gets its own last: whoever reads the folder meanwhile finds the set
 * that was there before.
 */
const keepIn = (folder: string, unfinished: string) => {
  const kept = new Set<string>();
  const pathOf = (name: string) => join(folder, ...name.split('/'));
  const partOf = (name: string) => join(unfinished, `${encodeURIComponent(name)}.part`);
  return async (name: string, content: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> => {
    const hash = createHash('sha256');
    let bytes = 0;
    const handle = await open(partOf(name), 'w');
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
    kept.add(name);
    if (name === 'manifest.json') {
      await removeEarlierSet(folder, (earlier) => kept.has(earlier));
      for (const one of kept) {
        await mkdir(dirname(pathOf(one)), { recursive: true });
        await rename(partOf(one), pathOf(one));
      }
    }
    return { sha256: hash.digest('hex'), bytes };
  };
};
