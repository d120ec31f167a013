import { createHash } from 'node:crypto';
import { afterAll, describe, inject, it, type TestContext } from 'vitest';
import { clientOf, sampleFile } from '../scenarios/client.ts';
import { everyScenario } from '../scenarios/every-scenario.ts';
import type { StartSystem, SystemUnderTest } from '../scenarios/system.ts';
import { inDatabase } from '../services/moves.ts';
import { allOf, type Cluster, startCluster, twoOfEach } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';
import { createRoleHosts } from './role-hosts.ts';

const hosts = createRoleHosts();
afterAll(() => hosts.stop());

/** As many as the embedded run has. Every partition costs each of the processes something, and each scenario has eight. */
const partitions = '4';

/** A folder of an embedded run is a name here: the same one is the same log. */
const nameOf = (folder: string): string => `t${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;

const startFor =
  ({ onTestFinished }: TestContext): StartSystem =>
  async ({ workers = true, folder, inferenceTimeoutMs, openMax } = {}) => {
    const services = allOf(inject('services'));
    const cluster: Cluster = await startCluster({
      services,
      launch: hosts.launch,
      sizes: { ...twoOfEach, worker: workers ? 2 : 0 },
      ...(folder === undefined ? {} : { name: nameOf(folder) }),
      env: {
        HINDCAST_PARTITIONS: partitions,
        ...(inferenceTimeoutMs === undefined ? {} : { HINDCAST_INFERENCE_TIMEOUT_MS: String(inferenceTimeoutMs) }),
        ...(openMax === undefined ? {} : { HINDCAST_OPEN_MAX: String(openMax) }),
      },
    });
    const log = await openClusterLog(services.kafka, cluster.name);
    let stopped: Promise<unknown> | undefined;
    const system: SystemUnderTest = {
      url: cluster.url,
      log,
      async stop() {
        stopped ??= Promise.all([log.stop(), cluster.stop()]);
        await stopped;
      },
    };
    onTestFinished(async () => {
      await system.stop();
      // Who begins a log looks through all databases for one that has it already.
      await inDatabase(services.mongodb, cluster.name, (db) => db.dropDatabase());
    });
    // An embedded run comes with its samples.
    await clientOf(cluster.url).addModel('churn', sampleFile('churn/model.onnx'));
    await clientOf(cluster.url).addModel('breast-cancer', sampleFile('breast-cancer/model.onnx'));
    return system;
  };

// One after the other: processes that wait are not idle, and the longer they live beside others the more that costs.
describe('two of each process, on Kafka, Redis and a document store', () => {
  for (const scenario of everyScenario) it(scenario.title, (context) => scenario.run(startFor(context)));
});
