import { setTimeout as delay } from 'node:timers/promises';
import { expect, inject, it, onTestFinished } from 'vitest';
import { churnInput } from '../faults/churn-input.ts';
import { clientOf } from '../scenarios/client.ts';
import { startLossyProxy } from '../services/lossy-proxy.ts';
import { allOf, partitionsShared, startCluster } from './cluster.ts';
import { startBehindProxy } from './faults/nemesis.ts';

const roles = ['command-api', 'query-api', 'worker', 'projector'] as const;
/** Longer than a heartbeat, so that each member is at a request that hangs. */
const frozenMs = 4_000;
/** A few seconds for all of a process, of the 20 that it has. */
const endMsMax = 15_000;

it('every process that is told to end while Kafka is silent ends well, and in time', async () => {
  const services = allOf(inject('services'));
  const port = Number(services.kafka[0]?.split(':')[1]);
  const proxy = await startLossyProxy(services.kafka[0] ?? '');
  onTestFinished(() => proxy.stop());
  const cluster = await startCluster({
    services,
    sizes: { 'command-api': 0, 'query-api': 0, worker: 0, projector: 0 },
    env: { HINDCAST_PARTITIONS: '4' },
  });
  onTestFinished(() => cluster.stop());
  await Promise.all(roles.map((role) => startBehindProxy(cluster, role, port, proxy.port)));
  await partitionsShared(cluster.processes);
  proxy.freeze();
  await new Promise((resolve) => setTimeout(resolve, frozenMs));
  const ended = await Promise.all(
    roles.map(async (role) => {
      const startedAt = performance.now();
      const code = await cluster.processes[role][0]?.terminate();
      return { role, code, ms: Math.round(performance.now() - startedAt) };
    }),
  );
  console.log(ended);
  expect(ended.filter(({ code, ms }) => code !== 0 || ms > endMsMax)).toEqual([]);
});

it('a process that reads is not held up by a client that waits and keeps its connection', async () => {
  const cluster = await startCluster({
    services: allOf(inject('services')),
    sizes: { 'command-api': 1, 'query-api': 1, worker: 0, projector: 1 },
    env: { HINDCAST_PARTITIONS: '4' },
  });
  onTestFinished(() => cluster.stop());
  const [query] = cluster.processes['query-api'];
  const client = clientOf(cluster.url);
  await client.addModel('churn', new URL('../../samples/churn/model.onnx', import.meta.url));
  const { body } = await client.submit({ model: 'churn', input: churnInput });
  const waiting = fetch(`${query?.url}/v1/predictions/${String(body['id'])}`, { headers: { prefer: 'wait=60' } });
  await delay(1_000);
  const startedAt = performance.now();
  const code = query?.terminate();
  expect(await (await waiting).json()).toMatchObject({ status: 'queued' });
  expect(await code).toBe(0);
  expect(performance.now() - startedAt).toBeLessThan(endMsMax);
});
