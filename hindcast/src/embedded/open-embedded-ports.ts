import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolderArtifactStore } from '@hindcast/adapters/files';
import { nodeIdentity } from '@hindcast/adapters/node';
import { openSqliteEventLog, openSqliteViews } from '@hindcast/adapters/sqlite';
import {
  type ArtifactStore,
  type CompletionBus,
  type EventLog,
  type Identity,
  type Reservations,
  type ResultCache,
  TOPICS,
  type Topic,
  type ViewDatabase,
} from '@hindcast/domain';
import {
  createMemoryCompletionBus,
  createMemoryEventLog,
  createMemoryReservations,
  createMemoryResultCache,
  createMemoryViews,
} from '@hindcast/domain/in-memory';

/** The ports of one process that needs no service. */
export interface EmbeddedPorts {
  readonly identity: Identity;
  readonly log: EventLog;
  readonly views: ViewDatabase;
  readonly artifacts: ArtifactStore;
  readonly bus: CompletionBus;
  readonly cache: ResultCache;
  readonly reservations: Reservations;
  close(): Promise<void>;
}

const partitionsOf = (predictions: number): Readonly<Record<Topic, number>> => ({
  [TOPICS.predictions]: predictions,
  [TOPICS.models]: 1,
  [TOPICS.deadLetters]: 1,
});

const inProcess = () => ({
  identity: nodeIdentity,
  bus: createMemoryCompletionBus(),
  cache: createMemoryResultCache(),
  reservations: createMemoryReservations({ now: nodeIdentity.now }),
});

/** Everything in one folder, on SQLite. */
export const openFolderPorts = async (folder: string, partitions: number): Promise<EmbeddedPorts> => {
  const { now, newId } = nodeIdentity;
  const log = await openSqliteEventLog({ folder, partitions: partitionsOf(partitions), now, newId });
  try {
    const views = await openSqliteViews({ folder, now });
    return {
      ...inProcess(),
      log,
      views,
      artifacts: await openFolderArtifactStore(join(folder, 'artifacts')),
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
export const openMemoryPorts = async (partitions: number): Promise<EmbeddedPorts> => {
  const { now, newId } = nodeIdentity;
  const log = createMemoryEventLog({ partitions: partitionsOf(partitions), now, newId });
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-'));
  return {
    ...inProcess(),
    log,
    views: createMemoryViews({ now }),
    artifacts: await openFolderArtifactStore(folder),
    async close() {
      await log.stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
