import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openKafkaEventLog } from '@hindcast/adapters/kafka';
import { createMongoClient, openGridFsArtifactStore, openMongoViews } from '@hindcast/adapters/mongodb';
import { nodeAuditCrypto } from '@hindcast/adapters/node';
import { openSqliteLogReader, openSqliteViews } from '@hindcast/adapters/sqlite';
import { TOPICS, type Topic, verifyLog } from '@hindcast/domain';
import { createMemoryCompletionBus, createMemoryResultCache } from '@hindcast/domain/in-memory';
import { seededRandom } from '@hindcast/domain/testing';
import { createProjections } from '@hindcast/projectors';
import { defaultConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { churnInput } from '../faults/churn-input.ts';
import { clientOf } from '../scenarios/client.ts';
import { byKey, everythingIn, type ReadLog, recordsOf, runsBack, withoutPlaces } from './copied-history.ts';
import type { FolderWithHistory } from './folder-with-history.ts';
import { createMoves } from './moves.ts';
import { type MigrationPlaces, migrate, startMigrate } from './run-migrate.ts';
import { waitUntil } from './wait-until.ts';

const { kafka: brokers = [], mongodb = '', redis = '' } = inject('services');
const predictions = 1_500;
const kills = 4;
const logger = pino({ level: 'silent' });
const topics: readonly Topic[] = Object.values(TOPICS);

const nobodyWaits = { bus: createMemoryCompletionBus(), cache: createMemoryResultCache() };

describe.skipIf(brokers.length === 0 || !mongodb || !redis)('moving a folder to Kafka', () => {
  const moves = createMoves({ brokers, mongodb }, predictions);
  let history: FolderWithHistory;
  beforeAll(async () => {
    history = await moves.prepare();
  });
  afterAll(() => moves.stop());
  const { newPlaces, copiedTo } = moves;
  const openLog = (prefix: string) =>
    openKafkaEventLog({
      brokers,
      clientId: 'hindcast-spec',
      topicPrefix: prefix,
      partitions: Object.fromEntries(topics.map((topic) => [topic, 3])) as Record<Topic, number>,
      replicationFactor: 1,
      minInsyncReplicas: 1,
      now: Date.now,
      newId: randomUUID,
      logger,
    });
  const readFolder = async <T>(folder: string, read: (log: ReadLog) => Promise<T>): Promise<T> => {
    const reader = openSqliteLogReader(folder);
    return read(reader).finally(() => reader.close());
  };
  /** What projectors make of the copy, in MongoDB. */
  const foldCopy = async ({ prefix, database }: MigrationPlaces): Promise<readonly unknown[]> => {
    const client = createMongoClient(mongodb);
    const log = await openLog(prefix);
    try {
      const views = await openMongoViews({ server: { client }, database, now: Date.now });
      const projections = createProjections({
        log,
        views,
        logger,
        now: Date.now,
        idFromText: (text) => text,
        ...nobodyWaits,
      });
      await projections.start();
      await projections.whenCaughtUp();
      await projections.stop();
      return await everythingIn(views);
    } finally {
      await log.stop();
      await client.close();
    }
  };
  const viewsOfFolder = async (folder: string): Promise<readonly unknown[]> => {
    const views = await openSqliteViews({ folder, now: Date.now });
    return everythingIn(views).finally(() => views.stop());
  };
  const startThere = ({ prefix, database, folder }: MigrationPlaces) =>
    startHindcast(
      {
        ...defaultConfig,
        port: 0,
        data: `${folder}.cache`,
        children: 1,
        kafkaBrokers: brokers.join(','),
        mongodbUri: mongodb,
        redisUrl: redis,
        topicPrefix: prefix,
        database,
        replicationFactor: 1,
        minInsyncReplicas: 1,
      },
      logger,
    );
  it('keeps every record, file, position and view, and goes on there', async () => {
    const places = await newPlaces();
    const planned = await migrate(places, '--dry-run');
    expect(planned).toMatchObject({ state: 'planned', alreadyThere: 0 });
    expect(await copiedTo(places.prefix)).toBe(0);
    const result = await migrate(places);
    expect(result).toMatchObject({ state: 'moved', keepsPositions: true, open: { open: 3 } });
    for (const { records, copied, sha256, copiedSha256 } of result.partitions) {
      expect([copied, copiedSha256]).toEqual([records, sha256]);
    }
    const log = await openLog(places.prefix);
    await readFolder(places.folder, async (folder) => {
      for (const topic of topics) {
        expect(await log.bounds(topic)).toEqual(await folder.bounds(topic));
        expect(await recordsOf(log, topic)).toEqual(await recordsOf(folder, topic));
      }
    });
    const { findings, ranges } = await verifyLog({ log, crypto: nodeAuditCrypto });
    expect(findings, 'what was signed in the folder holds on Kafka').toEqual([]);
    for (const { records, proven } of ranges) expect(proven).toBe(records);
    await log.stop();
    const folded = await foldCopy(places);
    expect(folded.length).toBeGreaterThan(predictions);
    expect(folded).toEqual(await viewsOfFolder(places.folder));

    const client = createMongoClient(mongodb);
    const cacheFolder = await mkdtemp(join(tmpdir(), 'hindcast-migrate-cache-'));
    const artifacts = await openGridFsArtifactStore({ db: client.db(places.database), cacheFolder });
    expect(result.artifacts).toMatchObject({ copied: true });
    expect(result.artifacts.files).toBeGreaterThanOrEqual(4);
    for (const { sha256 } of await modelsOf(places.folder)) expect(await artifacts.localPath(sha256)).toBeDefined();
    await client.close();

    const running = await startThere(places);
    const api = clientOf(running.url);
    const keyed = (await api.request('GET', `/v1/predictions/${history.keyed}?include=labels`)).body;
    expect(keyed).toMatchObject({ status: 'succeeded', labels: [{ value: 'yes' }] });
    const again = await api.submit({ model: 'churn', input: churnInput }, { 'idempotency-key': 'k' });
    expect(again.body['id']).toBe(history.keyed);
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    for (const id of history.open) expect((await api.get(id)).body['status']).toBe('queued');
    for (const id of history.shortLived) expect(await api.ended(id)).toMatchObject({ status: 'expired' });
    await api.request('POST', '/v1/models/linear/resume');
    for (const id of history.open) expect(await api.ended(id)).toMatchObject({ status: 'succeeded' });
    await running.stop();
    await rm(`${places.folder}.cache`, { recursive: true, force: true });

    const since = (await migrate(places, '--verify')).partitions.reduce((sum, one) => sum + one.since, 0);
    expect(since).toBeGreaterThan(0);
  });

  const modelsOf = (folder: string) =>
    readFolder(folder, async (log) =>
      (await recordsOf(log, TOPICS.models)).flatMap(({ value }) => {
        const { type, data } = JSON.parse(value) as { type: string; data: { sha256: string } };
        return type === 'ModelRegistered' ? [data] : [];
      }),
    );

  it('is killed at random moments and goes on, and what is half there is no log', async () => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
    const random = seededRandom(seed);
    const places = await newPlaces();
    const total = (await migrate(places, '--dry-run')).topics.reduce((sum, { records }) => sum + records, 0);
    const found: number[] = [];
    for (let kill = 0; kill < kills; kill++) {
      const aim = Math.floor((total * (kill + random(100) / 100)) / (kills + 1));
      const running = startMigrate(places);
      await Promise.race([
        waitUntil('enough is copied', 60_000, async () => (await copiedTo(places.prefix)) > aim),
        running.ended,
      ]);
      running.kill('SIGKILL');
      await running.ended;
      found.push(await copiedTo(places.prefix));
      if (kill === 0) {
        await expect(openLog(places.prefix), `seed ${seed}`).rejects.toMatchObject({
          code: 'misconfigured',
          message: expect.stringContaining('`npx hindcast migrate`'),
        });
      }
    }
    const result = await migrate(places);
    expect(
      found.some((there) => there > 0 && there < total),
      `seed ${seed}, found ${found.join()}`,
    ).toBe(true);
    expect(result, `seed ${seed}`).toMatchObject({ state: 'moved' });
    expect(await foldCopy(places), `seed ${seed}`).toEqual(await viewsOfFolder(places.folder));
  });

  it('begins a new epoch on more partitions, with the order of every key, all times and all counts', async () => {
    const places = await newPlaces();
    const running = startMigrate(places, '--partitions', '12');
    await waitUntil('something is copied', 60_000, async () => (await copiedTo(places.prefix)) > 12);
    running.kill('SIGKILL');
    await running.ended;
    const result = await migrate(places, '--partitions', '12');
    expect(result).toMatchObject({ epoch: 1, keepsPositions: false, open: { open: 3 } });
    const log = await openLog(places.prefix);
    expect(await log.bounds(TOPICS.predictions)).toHaveLength(12);
    await readFolder(places.folder, async (folder) => {
      for (const topic of topics) {
        const [theirs, ours] = [await recordsOf(log, topic), await recordsOf(folder, topic)].map(byKey);
        expect(theirs).toEqual(ours);
        expect(runsBack(await recordsOf(log, topic))).toBe(false);
      }
    });
    await log.stop();
    expect(withoutPlaces(await foldCopy(places))).toEqual(withoutPlaces(await viewsOfFolder(places.folder)));

    const there = await startThere(places);
    const api = clientOf(there.url);
    for (const position of ['0:0:1', '0:11:1', '0:3:999999']) {
      expect((await api.get(history.keyed, { 'hindcast-position': position })).status).toBe(400);
      const stream = { accept: 'text/event-stream', 'last-event-id': position };
      expect((await api.request('GET', `/v1/predictions/${history.keyed}/events`, { headers: stream })).status).toBe(
        400,
      );
      expect((await api.request('GET', `/v1/events?from=${position}`)).status).toBe(400);
    }
    expect((await api.get(history.keyed)).status).toBe(200);
    await there.stop();
    await rm(`${places.folder}.cache`, { recursive: true, force: true });
  });
});
