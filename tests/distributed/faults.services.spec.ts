import { setTimeout as pause } from 'node:timers/promises';
import type { Role } from 'hindcast';
import { Redis } from 'ioredis';
import { MongoClient } from 'mongodb';
import { afterAll, describe, expect, it } from 'vitest';
import { clientOf, modelFile } from '../scenarios/client.ts';
import { startDocumentStore } from '../services/document-store.ts';
import type { Instance } from '../services/instance.ts';
import { startKafka } from '../services/kafka.ts';
import { type LossyProxy, startLossyProxy } from '../services/lossy-proxy.ts';
import { startRedis } from '../services/redis.ts';
import { type Cluster, partitionsShared, startCluster } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';
import { collectEvidence, presentEnds } from './faults/evidence.ts';
import { publishFaultReport, unlessFound } from './faults/fault-report.ts';
import { recordHistory } from './faults/history.ts';
import { checkRun } from './faults/laws.ts';
import { createNemesis, die, freeze, startBehindProxy, startSpoiled } from './faults/nemesis.ts';
import { repeatResults } from './faults/repeated-records.ts';
import { startWorkload } from './faults/workload.ts';

const clients = 8;
const model = 'linear';
/** On two cores of its own it takes three minutes. */
const runMsMax = 1_200_000;
const downMs = 1_500;
const changeMs = 2_000;
/** Longer than a request waits for Redis, and for the view. */
const falterMs = { frozen: 6_000, thawed: 500 };
const falterTimes = 2;
const sessionTimeoutMs = 6_000;
const repeated = 50;
const stops: (() => Promise<unknown>)[] = [];

const keep = <T extends { stop(): Promise<unknown> }>(part: T): T => {
  stops.push(() => part.stop());
  return part;
};

/**
 * Two of each process. One command API and one worker reach Kafka through a proxy that can lose answers; the others, and
 * both projectors, are spoiled.
 */
const startAll = async () => {
  const [kafka, store, redis] = await Promise.all([
    startKafka({ killable: true }).then(keep),
    startDocumentStore({ killable: true }).then(keep),
    startRedis({ killable: true }).then(keep),
  ]);
  const broker = kafka.brokers[0] ?? '';
  const proxy = keep(await startLossyProxy(broker));
  const services = { kafka: kafka.brokers, mongodb: store.url, redis: redis.url };
  const cluster = keep(
    await startCluster({
      services,
      sizes: { 'command-api': 0, 'query-api': 2, worker: 0, projector: 0 },
      env: { HINDCAST_SESSION_TIMEOUT_MS: String(sessionTimeoutMs) },
    }),
  );
  const port = Number(broker.split(':')[1]);
  const [api, worker, projector, other] = await Promise.all([
    startSpoiled(cluster, 'command-api', 'die-after-append:PredictionRequested'),
    startSpoiled(cluster, 'worker', 'die-after-append:PredictionSucceeded'),
    startSpoiled(cluster, 'projector', 'die-before-checkpoint:status'),
    startSpoiled(cluster, 'projector', 'die-before-checkpoint:stats'),
    startBehindProxy(cluster, 'command-api', port, proxy.port),
    startBehindProxy(cluster, 'worker', port, proxy.port),
  ]);
  await partitionsShared(cluster.processes);
  const log = keep(await openClusterLog(kafka.brokers, cluster.name));
  return { kafka, store, redis, proxy, cluster, log, doomed: { api, worker, projector, other } };
};

const loseAnswers = async (proxy: LossyProxy): Promise<void> => {
  for (const how of ['cut', 'torn', 'cut', 'torn', 'cut', 'silence'] as const) await proxy.lose('produce', how);
};

/** Everything but the files of models, which are not made of the log. */
const emptyViews = async (url: string, database: string): Promise<void> => {
  const client = new MongoClient(url);
  const views = await client.db(database).listCollections({}, { nameOnly: true }).toArray();
  for (const { name } of views) if (!name.startsWith('artifacts')) await client.db(database).dropCollection(name);
  await client.close();
};

const flush = async (url: string): Promise<void> => {
  const redis = new Redis(url);
  await redis.flushall();
  redis.disconnect();
};

/** What waits for it comes late, and some of it in vain. */
const falter = async (service: Pick<Instance, 'freeze' | 'thaw'>): Promise<void> => {
  for (let time = 0; time < falterTimes; time++) {
    await service.freeze();
    await pause(falterMs.frozen);
    await service.thaw();
    await pause(falterMs.thawed);
  }
};

/** A new one every now and then, and an old one goes, some of them without a word. */
const changeWorkers = async (cluster: Cluster): Promise<void> => {
  const changes: Promise<unknown>[] = [];
  for (const how of ['terminate', 'kill', 'terminate', 'kill'] as const) {
    const [oldest] = cluster.processes.worker;
    if (oldest) cluster.forget(oldest);
    const change = async () => {
      await cluster.start('worker');
      await oldest?.[how]();
    };
    changes.push(change());
    await pause(changeMs);
  }
  await Promise.all(changes);
};

const kill = async (cluster: Cluster, role: Role): Promise<void> => {
  const [process] = cluster.processes[role];
  await process?.kill();
  if (process) cluster.forget(process);
};

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe('real processes under real faults', () => {
  it('lose nothing that was accepted, and count nothing twice', { timeout: runMsMax, retry: unlessFound }, async () => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
    const { kafka, store, redis, proxy, cluster, log, doomed } = await startAll();
    const { addModel } = clientOf(cluster.url);
    expect((await addModel(model, modelFile('linear'))).status).toBe(201);
    const history = recordHistory(cluster.url, model);
    const workload = startWorkload(history, seed, clients);
    const { during, workGoesOn, troubles } = createNemesis(history, cluster);

    await during('answers to produce lost', () => loseAnswers(proxy));
    await during('command API killed between append and 202', () => die(cluster, doomed.api));
    const newApi = cluster.start('command-api');
    await during('worker killed between result and commit', () => die(cluster, doomed.worker));
    const zombie = await startSpoiled(cluster, 'worker', 'freeze-before-append:PredictionSucceeded');
    await during('projector killed between documents and checkpoint', () => die(cluster, doomed.projector));
    await cluster.start('projector');
    await during('projector killed between statistics and checkpoint', () => die(cluster, doomed.other));
    const newProjector = cluster.start('projector');
    await during('query API killed', () => kill(cluster, 'query-api'));
    const newQueryApi = cluster.start('query-api');
    await during('worker frozen past its session, and thawed', async () => {
      await freeze(zombie);
      await Promise.all([workGoesOn(), presentEnds(log, model)]).finally(() => zombie.thaw());
    });
    await Promise.all([newApi, newProjector, newQueryApi]);
    await during('projector frozen past its session, and thawed', async () => {
      const [held] = cluster.processes.projector;
      held?.freeze();
      await workGoesOn().finally(() => held?.thaw());
    });
    await during('command API frozen, and thawed', async () => {
      const [held] = cluster.processes['command-api'];
      held?.freeze();
      await pause(falterMs.frozen);
      held?.thaw();
    });
    await during('results written again, and late ends', () => repeatResults(log, repeated));
    await during('Kafka killed', async () => {
      await kafka.kill(0);
      await pause(downMs);
      await kafka.restart(0);
    });
    await during('document store killed', async () => {
      await store.kill();
      await pause(downMs);
      await store.restart();
    });
    await during('document store answers now and then', () => falter(store));
    await during('Redis emptied', () => flush(redis.url));
    await during('Redis killed', async () => {
      await redis.kill();
      await pause(downMs);
      await redis.restart();
    });
    await during('Redis answers now and then', () => falter(redis));
    await during('workers added and removed', () => changeWorkers(cluster));
    await during('views emptied', () => emptyViews(store.url, cluster.name));

    await workload.stop();
    const evidence = await collectEvidence({ url: cluster.url, log }, history, troubles);
    const findings = checkRun(evidence);
    await publishFaultReport('fault run', { seed, evidence, survived: troubles, findings });
    expect(findings, `seed ${seed}`).toEqual({});
    expect(evidence.raw.ranTwice, 'the zombie came late').toBeGreaterThan(0);
    expect(evidence.raw.repeated, 'the lost answers made repeats').toBeGreaterThan(repeated);
  });
});
