import { createHash } from 'node:crypto';
import { afterAll, describe, inject, it, type TestContext } from 'vitest';
import { clientOf, sampleFile } from '../scenarios/client.ts';
import { everyScenario } from '../scenarios/every-scenario.ts';
import type { StartSystem, SystemOptions, SystemUnderTest } from '../scenarios/system.ts';
import { inDatabase } from '../services/moves.ts';
import { allOf, type Cluster, startCluster, twoOfEach } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';
import { createRoleHosts } from './role-hosts.ts';

const hosts = createRoleHosts();

/** As many as the embedded run has. Every partition costs each of the processes something, and each scenario has eight. */
const partitions = '4';

/** A folder of an embedded run is a name here: the same one is the same log. */
const nameOf = (folder: string): string => `t${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;

const startSystem = async ({ workers = true, folder, inferenceTimeoutMs, openMax }: SystemOptions) => {
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
  // An embedded run comes with its samples.
  await clientOf(cluster.url).addModel('churn', sampleFile('churn/model.onnx'));
  await clientOf(cluster.url).addModel('breast-cancer', sampleFile('breast-cancer/model.onnx'));
  const remove = async () => {
    await system.stop();
    // Who begins a log looks through all databases for one that has it already.
    await inDatabase(services.mongodb, cluster.name, (db) => db.dropDatabase());
  };
  return { system, remove };
};

/** To start one takes longer than most scenarios, so that those share one which ask for nothing of their own. They come first. */
let shared: ReturnType<typeof startSystem> | undefined;
const dropShared = async () => {
  const dropped = shared;
  shared = undefined;
  await dropped?.then(({ remove }) => remove());
};
afterAll(async () => {
  await dropShared();
  await hosts.stop();
});

const startFor =
  ({ onTestFailed, onTestFinished }: TestContext): StartSystem =>
  async (options) => {
    if (options !== undefined) {
      await dropShared();
      const own = await startSystem(options);
      onTestFinished(own.remove);
      return own.system;
    }
    shared ??= startSystem({});
    // What broke it must not break the next one.
    onTestFailed(dropShared);
    return (await shared).system;
  };

// One after the other: processes that wait are not idle, and the longer they live beside others the more that costs.
describe('two of each process, on Kafka, Redis and a document store', () => {
  for (const scenario of everyScenario) it(scenario.title, (context) => scenario.run(startFor(context)));
});
