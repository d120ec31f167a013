import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openFolderArtifactStore } from '@hindcast/adapters/files';
import { openKafkaEventLog } from '@hindcast/adapters/kafka';
import { createMongoClient, openGridFsArtifactStore } from '@hindcast/adapters/mongodb';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import { type DatasetManifest, TOPICS, type Topic } from '@hindcast/domain';
import { pino } from 'pino';
import { afterAll, expect, inject, it } from 'vitest';
import { cutAll } from './cut-all.ts';
import { makeFolderWithHistory } from './folder-with-history.ts';
import { migrate } from './run-migrate.ts';

const { kafka: brokers = [], mongodb = '', redis = '' } = inject('services');
const predictions = 2_000;
const topics: readonly Topic[] = Object.values(TOPICS);

const undo: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const step of undo.reverse()) await step();
});

it.skipIf(brokers.length === 0 || !mongodb || !redis)(
  'cuts the same data set of a folder and of its copy on Kafka, byte for byte',
  async () => {
    const { folder } = await makeFolderWithHistory(predictions);
    const work = await mkdtemp(join(tmpdir(), 'hindcast-migrated-'));
    undo.push(...[folder, work].map((path) => () => rm(path, { recursive: true, force: true })));
    const [prefix, database] = [`${randomUUID()}.`, `migrated_${randomUUID()}`];
    await migrate({ folder, brokers, prefix, mongodb, database });

    const reader = openSqliteLogReader(folder);
    const artifacts = await openFolderArtifactStore(join(folder, 'artifacts'));
    const here = await cutAll(reader, artifacts, join(work, 'folder'));
    reader.close();

    const client = createMongoClient(mongodb);
    undo.push(async () => {
      await client.db(database).dropDatabase();
      await client.close();
    });
    const log = await openKafkaEventLog({
      ...{ brokers, clientId: 'hindcast-spec', topicPrefix: prefix, replicationFactor: 1, minInsyncReplicas: 1 },
      ...{ now: Date.now, newId: randomUUID, logger: pino({ level: 'silent' }) },
      partitions: Object.fromEntries(topics.map((topic) => [topic, 3])) as Record<Topic, number>,
    });
    const copied = await openGridFsArtifactStore({ db: client.db(database), cacheFolder: join(work, 'cache') });
    const there = await cutAll(log, copied, join(work, 'kafka'));
    await log.stop();

    expect(there).toEqual(here);
    const { accountedFor, roots } = JSON.parse(here['manifest.json']?.text ?? '') as DatasetManifest;
    expect(accountedFor.rows).toBeGreaterThan(predictions);
    expect(roots).toHaveLength(4);
  },
);
