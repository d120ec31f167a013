import { createHash } from 'node:crypto';
import { mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { openFolderArtifactStore } from '@hindcast/adapters/files';
import { nodeAuditCrypto, nodeIdentity } from '@hindcast/adapters/node';
import {
  type DatasetManifest,
  type DatasetRequest,
  DEFAULT_TENANT,
  JobFailure,
  jobPace,
  planDataset,
  type ReadableLog,
  redactionKeyIdOf,
} from '@hindcast/domain';
import { cutDataset } from '@hindcast/workers';
import { failed, usage } from './cli-failure.ts';
import { allThreads, datasetExtractorIn, workFolder } from './parts/dataset-extractor.ts';
import type { Config } from './settings.ts';
import type { Voice } from './terminal.ts';
import { progressOf } from './watch-job.ts';

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
  const artifacts = await openFolderArtifactStore(join(config.data, 'artifacts'));
  const controller = new AbortController();
  const base = { at: identity.now(), done: 0 };
  try {
    const { manifest } = await cutDataset(
      planned.plan,
      { log, artifacts, extractor, identity, redactionKey, crypto: nodeAuditCrypto, keep: keepIn(out) },
      {
        signal: controller.signal,
        progress: (progress) => {
          const { ratePerSecond, etaMs } = jobPace({ progress: { ...progress, attempt: 1, at: identity.now() }, base });
          const pace = { ...(ratePerSecond && { ratePerSecond: Math.round(ratePerSecond) }), ...(etaMs && { etaMs }) };
          voice.progress(progressOf({ status: 'running', progress: { ...progress, ...pace } }));
        },
      },
    );
    await rm(workFolder(out), { recursive: true, force: true });
    voice.progress(`${manifest.accountedFor.rows} rows in ${out}`, true);
    return manifest;
  } catch (error) {
    throw error instanceof JobFailure ? failed(`${error.message} (${error.code})`, error) : error;
  }
};

const keepIn =
  (folder: string) =>
  async (name: string, content: AsyncIterable<Uint8Array>): Promise<{ sha256: string; bytes: number }> => {
    const path = join(folder, ...name.split('/'));
    await mkdir(dirname(path), { recursive: true });
    const hash = createHash('sha256');
    let bytes = 0;
    const handle = await open(`${path}.part`, 'w');
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
    await rename(`${path}.part`, path);
    return { sha256: hash.digest('hex'), bytes };
  };
