import { setTimeout as pause } from 'node:timers/promises';
import { type AllServices, type Cluster, type Services, startCluster } from '@hindcast/tests/measuring';
import { batch, itemsPerBatch, model, modelFile, openMaxFor, single } from './churn-requests.ts';
import { cpuBetween, cpuOfCluster, sumOf } from './cluster-cpu.ts';
import { type Load, runLoad, type Timed } from './http-load.ts';
import { openPredictions, rebuildRate, succeeded, until } from './measured-system.ts';
import { quantile } from './quantile.ts';
import type { Row } from './results.ts';

export interface RoundOptions {
  readonly services: Services;
  readonly pids: AllServices['pids'];
  /** Of each kind of process. */
  readonly size: number;
  /** Single requests of the first measure; the others are in proportion. */
  readonly requests: number;
}

const idleMs = 3_000;

/** Speaks to the command APIs themselves, each with its share of the connections: a balancer would be measured too. */
const loadOn = async ({ processes }: Cluster, load: Omit<Load, 'port' | 'path'>): Promise<readonly Timed[]> => {
  const doors = processes['command-api'].slice(0, load.connections);
  const share = (all: number, at: number) => Math.floor(all / doors.length) + (at < all % doors.length ? 1 : 0);
  const timed = await Promise.all(
    doors.map(({ url }, at) =>
      runLoad({
        ...load,
        port: Number(new URL(url).port),
        path: '/v1/predictions',
        requests: share(load.requests, at),
        connections: share(load.connections, at),
      }),
    ),
  );
  return timed.flat();
};

const queryUrl = ({ processes, url }: Cluster): string => processes['query-api'][0]?.url ?? url;

/** Every projector says of its partitions that nothing is open. */
const nothingOpen = async ({ processes }: Cluster): Promise<boolean> =>
  (await Promise.all(processes.projector.map(({ url }) => openPredictions(url)))).every((open) => open === 0);

const perPrediction = (title: string, count: number, us: ReadonlyMap<string, number>): readonly Row[] =>
  [...us].map(([name, all]) => ({ measure: `${title}, CPU, ${name}`, value: all / count, unit: 'µs' }));

/** Sends a load and waits until each of its predictions has succeeded, and is in the view. */
const complete = async (
  title: string,
  cluster: Cluster,
  pids: AllServices['pids'],
  { each, ...load }: Omit<Load, 'port' | 'path'> & { readonly each: number },
): Promise<readonly Row[]> => {
  const url = queryUrl(cluster);
  const before = await succeeded(url, model);
  const cpuBefore = await cpuOfCluster(cluster, pids);
  const startedAt = performance.now();
  const timed = await loadOn(cluster, load);
  const acceptedMs = performance.now() - startedAt;
  const refused = timed.filter(({ status }) => status !== 202).length;
  if (refused > 0) throw new Error(`${refused} of ${load.requests} requests were refused: nothing to compare`);
  const expected = load.requests * each;
  await until(async () => (await succeeded(url, model)) - before >= expected && (await nothingOpen(cluster)));
  const ms = performance.now() - startedAt;
  const { ours, services } = cpuBetween(cpuBefore, await cpuOfCluster(cluster, pids));
  return [
    { measure: `${title}, accepted`, value: (expected / acceptedMs) * 1_000, unit: '/s' },
    { measure: `${title}, completed`, value: (expected / ms) * 1_000, unit: '/s' },
    { measure: `${title}, **CPU, all of ours**`, value: sumOf(ours) / expected, unit: 'µs' },
    ...perPrediction(title, expected, ours),
    ...perPrediction(title, expected, services),
  ];
};

const waited = async (cluster: Cluster, connections: number, requests: number): Promise<readonly Row[]> => {
  const timed = await loadOn(cluster, { headers: { prefer: 'wait=30' }, bodies: single, requests, connections });
  const ms = timed.filter(({ status }) => status === 201).map((answer) => answer.ms);
  if (ms.length < requests) throw new Error(`${requests - ms.length} of ${requests} waits ended without a result`);
  return ([0.5, 0.99] as const).map((q) => ({
    measure: `submit→result, ${connections} connection${connections > 1 ? 's' : ''}, p${q * 100}`,
    value: quantile(ms, q),
    unit: 'ms',
  }));
};

/** What every process takes without work, by kind, once what came before has died down. */
const whenIdle = async (cluster: Cluster, pids: AllServices['pids']): Promise<readonly Row[]> => {
  await pause(idleMs);
  const before = await cpuOfCluster(cluster, pids);
  await pause(idleMs);
  const { ours, services } = cpuBetween(before, await cpuOfCluster(cluster, pids));
  return [['all of ours', sumOf(ours)] as const, ...ours, ...services].map(([name, us]) => ({
    measure: `CPU when idle, ${name}`,
    value: us / idleMs,
    unit: 'ms/s',
  }));
};

const addModel = async ({ url }: Cluster): Promise<void> => {
  const answer = await fetch(`${url}/v1/models/${model}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: await modelFile(),
  });
  if (!answer.ok) throw new Error(`the model was refused: ${await answer.text()}`);
  // A command API that has not seen the model yet would refuse it.
  const probe = single[0] ?? '';
  await until(async () => {
    const headers = { 'content-type': 'application/json', prefer: 'wait=30' };
    const first = await fetch(`${url}/v1/predictions`, { method: 'POST', headers, body: probe });
    return first.status === 201;
  });
};

/** One round on a log and processes of its own. */
export const measureCluster = async ({ services, pids, size, requests }: RoundOptions): Promise<readonly Row[]> => {
  const sizes = { 'command-api': size, 'query-api': size, worker: size, projector: size };
  const most = 2 * requests;
  const env = { HINDCAST_OPEN_MAX: String(openMaxFor(most)) };
  const cluster = await startCluster({ services, sizes, env });
  try {
    await addModel(cluster);
    const ones = { bodies: single, each: 1, connections: 64 };
    await complete('warm-up', cluster, pids, { ...ones, requests: requests / 5 });
    const idle = await whenIdle(cluster, pids);
    const hundreds = { bodies: batch, each: itemsPerBatch, connections: 8 };
    return [
      ...(await complete('single POST', cluster, pids, { ...ones, requests })),
      ...(await complete('items ×100', cluster, pids, { ...hundreds, requests: most / itemsPerBatch })),
      ...(await waited(cluster, 1, requests / 20)),
      ...(await waited(cluster, 32, requests / 4)),
      { measure: 'rebuild of the status view', value: await rebuildRate(cluster.url), unit: 'events/s' },
      ...idle,
    ];
  } catch (error) {
    throw new Error(`The round failed.\n${cluster.said()}`, { cause: error });
  } finally {
    await cluster.stop();
  }
};
