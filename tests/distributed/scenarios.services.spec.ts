import { createHash } from 'node:crypto';
import { afterEach, describe, inject, it } from 'vitest';
import { clientOf, sampleFile } from '../scenarios/client.ts';
import { everyScenario } from '../scenarios/every-scenario.ts';
import type { StartSystem, SystemUnderTest } from '../scenarios/system.ts';
import { allOf, type Cluster, startCluster, twoOfEach } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';

const running = new Set<SystemUnderTest>();

/** A folder of an embedded run is a name here: the same one is the same log. */
const nameOf = (folder: string): string => `t${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;

const startTwoOfEach: StartSystem = async ({ workers = true, folder, inferenceTimeoutMs, openMax } = {}) => {
  const services = allOf(inject('services'));
  const cluster: Cluster = await startCluster({
    services,
    sizes: { ...twoOfEach, worker: workers ? 2 : 0 },
    ...(folder === undefined ? {} : { name: nameOf(folder) }),
    env: {
      ...(inferenceTimeoutMs === undefined ? {} : { HINDCAST_INFERENCE_TIMEOUT_MS: String(inferenceTimeoutMs) }),
      ...(openMax === undefined ? {} : { HINDCAST_OPEN_MAX: String(openMax) }),
    },
  });
  const log = await openClusterLog(services.kafka, cluster.name);
  const system: SystemUnderTest = {
    url: cluster.url,
    log,
    async stop() {
      running.delete(system);
      await log.stop();
      await cluster.stop();
    },
  };
  running.add(system);
  // An embedded run comes with its samples.
  await clientOf(cluster.url).addModel('churn', sampleFile('churn/model.onnx'));
  await clientOf(cluster.url).addModel('breast-cancer', sampleFile('breast-cancer/model.onnx'));
  return system;
};

afterEach(async () => {
  await Promise.all([...running].map((system) => system.stop()));
});

describe('two of each process, on Kafka, Redis and a document store', () => {
  for (const scenario of everyScenario) it(scenario.title, () => scenario.run(startTwoOfEach));
});
