import { setTimeout as delay } from 'node:timers/promises';
import { model, single } from './churn-requests.ts';
import { runLoad, type Timed } from './http-load.ts';
import { quantile } from './quantile.ts';
import type { Row } from './results.ts';
import type { ServerProcess } from './server-process.ts';

/** A modest load: so many requests at once, and a pause behind their answers. */
const atOnce = 4;
const pauseMs = 20;
const measureMs = 5_000;

const json = async (url: string, method = 'GET', body?: object) => {
  const init = body && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
  return (await (await fetch(url, { method, ...init })).json()) as Record<string, unknown>;
};

const load = async ({ port }: ServerProcess): Promise<readonly Row[]> => {
  const timed: Timed[] = [];
  const startedAt = performance.now();
  while (performance.now() - startedAt < measureMs) {
    const of = { port, path: '/v1/predictions', headers: { prefer: 'wait=10' }, bodies: single };
    timed.push(...(await runLoad({ ...of, requests: atOnce, connections: atOnce })));
    await delay(pauseMs);
  }
  const seconds = (performance.now() - startedAt) / 1_000;
  const ms = timed.filter(({ status }) => status === 201).map((one) => one.ms);
  if (ms.length < timed.length) throw new Error(`${timed.length - ms.length} of ${timed.length} had no result`);
  return [
    { measure: 'submit→result, p50', value: quantile(ms, 0.5), unit: 'ms' },
    { measure: 'submit→result, p99', value: quantile(ms, 0.99), unit: 'ms' },
    { measure: 'live predictions', value: ms.length / seconds, unit: '/s' },
  ];
};

/** The same load without and with a backtest over all that the log has, which runs longer than is measured. */
export const latencyRound = async (
  server: ServerProcess,
  candidate: number,
): Promise<{ readonly alone: readonly Row[]; readonly beside: readonly Row[] }> => {
  const measure = 'backtested rows';
  const alone = [...(await load(server)), { measure, value: Number.NaN, unit: '/s' }];
  const asked = { model: `${model}@${candidate}`, history: model };
  const { id } = await json(`${server.url}/v1/backtests`, 'POST', asked);
  const job = `${server.url}/v1/jobs/${String(id)}`;
  const compared = async () => Number.parseInt(String((await json(job))['progress']?.['detail' as never] ?? '0'), 10);
  while ((await compared()) === 0) await delay(pauseMs);
  const [before, startedAt] = [await compared(), performance.now()];
  const beside = await load(server);
  const perSecond = ((await compared()) - before) / ((performance.now() - startedAt) / 1_000);
  if ((await json(job))['status'] !== 'running') throw new Error('The backtest was over before the load.');
  await json(`${job}/cancel`, 'POST', {});
  return { alone, beside: [...beside, { measure, value: perSecond, unit: '/s' }] };
};
