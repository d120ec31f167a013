import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { openFolderArtifactStore } from '@hindcast/adapters/files';
import { nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteEventLog, openSqliteViews } from '@hindcast/adapters/sqlite';
import { TOPICS, type Topic } from '@hindcast/domain';
import {
  createMemoryCompletionBus,
  createMemoryEventLog,
  createMemoryRateLimits,
  createMemoryReservations,
  createMemoryResultCache,
  createMemoryViews,
} from '@hindcast/domain/in-memory';
import { datasetExtractorIn, workFolder } from '../parts/dataset-extractor.ts';
import type { Ports } from '../parts/ports.ts';
import type { Config } from '../settings.ts';
import { makeDataFolder } from './data-folder.ts';

const partitionsOf = (predictions: number): Readonly<Record<Topic, number>> => ({
  [TOPICS.predictions]: predictions,
  [TOPICS.models]: 1,
  [TOPICS.jobs]: 1,
  [TOPICS.audit]: 1,
  [TOPICS.deadLetters]: 1,
});

const inProcess = () => ({
  identity: nodeIdentity,
  bus: createMemoryCompletionBus(),
  cache: createMemoryResultCache(),
  reservations: createMemoryReservations({ now: () => performance.now() }),
  rateLimits: createMemoryRateLimits({ now: nodeIdentity.now }),
  shared: false,
  board: undefined,
  requestReads: undefined,
  checks: {},
  lost: undefined,
  hurry: undefined,
});

/** Everything in one folder, on SQLite. */
const openFolderPorts = async (folder: string, config: Config): Promise<Ports> => {
  const { now, newId } = nodeIdentity;
  const log = await openSqliteEventLog({ folder, partitions: partitionsOf(config.partitions), now, newId });
  try {
    const views = await openSqliteViews({ folder, now });
    return {
      ...inProcess(),
      log,
      views,
      artifacts: await openFolderArtifactStore(join(folder, 'artifacts')),
      extractor: datasetExtractorIn(folder, config),
      datasetWork: workFolder(folder),
      async close() {
        await log.stop();
        await views.stop();
      },
    };
  } catch (error) {
    await log.stop();
    throw error;
  }
};

/** Nothing is kept, but for model files, which inference children have to read from somewhere: a temporary folder. */
const openMemoryPorts = async (config: Config): Promise<Ports> => {
  const { now, newId } = nodeIdentity;
  const log = createMemoryEventLog({ partitions: partitionsOf(config.partitions), now, newId });
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-'));
  return {
    ...inProcess(),
    log,
    views: createMemoryViews({ now }),
    artifacts: await openFolderArtifactStore(folder),
    extractor: datasetExtractorIn(folder, config),
    datasetWork: workFolder(folder),
    async close() {
      await log.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};

/** The ports of one process that needs no service. */
export const openEmbeddedPorts = async (config: Config): Promise<Ports> => {
  if (config.memory) return openMemoryPorts(config);
  const folder = resolve(config.data);
  await makeDataFolder(folder);
  return openFolderPorts(folder, config);
};
