import { afterAll, describe, expect, it } from 'vitest';
import { clientOf, modelFile } from '../scenarios/client.ts';
import { startDocumentStore } from '../services/document-store.ts';
import { startKafka } from '../services/kafka.ts';
import { startRedis } from '../services/redis.ts';
import { waitUntil } from '../services/wait-until.ts';
import { startCluster } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';
import { collectEvidence } from './faults/evidence.ts';
import { publishFaultReport, unlessFound } from './faults/fault-report.ts';
import { recordHistory } from './faults/history.ts';
import { checkRun } from './faults/laws.ts';
import { createNemesis } from './faults/nemesis.ts';
import { startWorkload } from './faults/workload.ts';

/** On two cores of its own it takes a minute. */
const runMsMax = 600_000;
const clients = 4;
const brokers = 3;
const refusalMsMax = 60_000;
const stops: (() => Promise<unknown>)[] = [];
const keep = <T extends { stop(): Promise<unknown> }>(part: T): T => {
  stops.push(() => part.stop());
  return part;
};

afterAll(async () => {
  for (const stop of stops.reverse()) await stop();
});

describe('three brokers that acknowledge a record when two of them have it', () => {
  it('go on without one, refuse honestly without two, and miss nothing', {
    timeout: runMsMax,
    retry: unlessFound,
  }, async () => {
    const seed = Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
    const [kafka, store, redis] = await Promise.all([
      startKafka({ killable: true, brokers }).then(keep),
      startDocumentStore().then(keep),
      startRedis().then(keep),
    ]);
    const cluster = keep(
      await startCluster({
        services: { kafka: kafka.brokers, mongodb: store.url, redis: redis.url },
        sizes: { 'command-api': 1, 'query-api': 1, worker: 1, projector: 1 },
        env: { HINDCAST_REPLICATION_FACTOR: String(brokers), HINDCAST_SESSION_TIMEOUT_MS: '6000' },
      }),
    );
    const log = keep(await openClusterLog(kafka.brokers, cluster.name, brokers));
    const model = 'linear';
    expect((await clientOf(cluster.url).addModel(model, modelFile('linear'))).status).toBe(201);
    const history = recordHistory(cluster.url, model);
    const workload = startWorkload(history, seed, clients);
    const { during, workGoesOn, troubles } = createNemesis(history, cluster);
    const refusals = () =>
      history.operations.filter(({ ask, status }) => ask.kind === 'submit' && status === 503).length;

    await during('one of three brokers killed, and back', async () => {
      await kafka.kill(0);
      await workGoesOn();
      await kafka.restart(0);
    });
    await during('two of three brokers killed, and back', async () => {
      await Promise.all([kafka.kill(1), kafka.kill(2)]);
      const before = refusals();
      await waitUntil('writes are refused', refusalMsMax, () => refusals() > before);
      await Promise.all([kafka.restart(1), kafka.restart(2)]);
    });

    await workload.stop();
    const evidence = await collectEvidence({ url: cluster.url, log }, history, troubles);
    const findings = checkRun(evidence);
    await publishFaultReport('three brokers', { seed, evidence, survived: troubles, findings });
    expect(findings, `seed ${seed}`).toEqual({});
  });
});
