import { createHash } from 'node:crypto';
import { afterAll, describe, inject } from 'vitest';
import { clientOf, sampleFile } from '../scenarios/client.ts';
import { describeScenarios, type StartRemovableSystem } from '../scenarios/describe-scenarios.ts';
import { inDatabase } from '../services/moves.ts';
import { allOf, startCluster, twoOfEach } from './cluster.ts';
import { openClusterLog } from './cluster-log.ts';
import { createRoleHosts } from './role-hosts.ts';

const hosts = createRoleHosts();
afterAll(() => hosts.stop());

/** As many as the embedded run has. Every partition costs each of the processes something, and each scenario has eight. */
const partitions = '4';

/** A folder of an embedded run is a name here: the same one is the same log. */
const nameOf = (folder: string): string => `t${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`;

const startSystem: StartRemovableSystem = async ({ workers = true, folder, inferenceTimeoutMs, openMax }) => {
  const services = allOf(inject('services'));
  const cluster = await startCluster({
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
  const { url, name } = cluster;
  const log = await openClusterLog(services.kafka, name);
  let stopped: Promise<unknown> | undefined;
  const stop = async () => {
    stopped ??= Promise.all([log.stop(), cluster.stop()]);
    await stopped;
  };
  // An embedded run comes with its samples.
  for (const sample of ['churn', 'breast-cancer'])
    await clientOf(url).addModel(sample, sampleFile(`${sample}/model.onnx`));
  return {
    ...{ url, log, stop },
    async remove() {
      await stop();
      // Who begins a log looks through all databases for one that has it already.
      await inDatabase(services.mongodb, name, (db) => db.dropDatabase());
    },
  };
};

describe('two of each process, on Kafka, Redis and a document store', () => {
  // One after the other: processes that wait are not idle, and the longer they live beside others the more that costs.
  describeScenarios(startSystem, { ownAtOnce: false });
});
