import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultConfig } from './index.ts';
import type { RunningHindcast } from './running-hindcast.ts';
import { startHindcast } from './start-hindcast.ts';

const nothing = () => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const requestsMany = 30;

const post = (body: object, headers = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: JSON.stringify(body),
});
const input = {
  ...{ tenure_months: 7, monthly_charges: 33.16, support_calls: 3, late_payments: 0, usage_hours: 70.4 },
  ...{ plan: 'basic', region: 'north' },
};

let running: RunningHindcast;
beforeAll(async () => {
  running = await startHindcast({ ...defaultConfig, port: 0, memory: true, children: 1 }, silent);
}, 60_000);
afterAll(() => running.stop());

const scrape = async (): Promise<readonly string[]> =>
  (await (await fetch(`${running.url}/metrics`)).text()).split('\n');
const ask = async (path: string, init?: RequestInit) => {
  const answer = await fetch(running.url + path, init);
  await answer.arrayBuffer();
  return answer.status;
};

it('has the requests by their route, whatever they ask for, and waits only in the count', async () => {
  for (let at = 0; at < requestsMany; at++) {
    expect(await ask(`/v1/predictions/nobody-${at}`)).toBe(404);
    expect(await ask(`/nothing/${at}`)).toBe(404);
  }
  expect(await ask('/v1/predictions/nobody', { headers: { prefer: 'wait=1' } })).toBe(404);
  const lines = await scrape();
  const route = 'method="GET",route="/v1/predictions/:id"';
  expect(lines).toContain(`hindcast_http_requests_total{${route},code="404"} ${requestsMany + 1}`);
  expect(lines).toContain(`hindcast_http_requests_total{method="unknown",route="unknown",code="404"} ${requestsMany}`);
  expect(lines).toContain(`hindcast_http_request_duration_seconds_count{${route},code="4xx"} ${requestsMany}`);
  expect(lines.filter((line) => line.startsWith('hindcast_http_requests_total')).length).toBeLessThan(6);
});

it('has what was accepted and how it ended, by model, and a repeat once', async () => {
  const once = post({ model: 'churn', input }, { prefer: 'wait=20', 'idempotency-key': 'one' });
  expect(await ask('/v1/predictions', once)).toBe(201);
  expect(await ask('/v1/predictions', once)).toBe(201);
  expect(await ask('/v1/predictions', post({ model: 'churn', items: [{ input }, { input }, { input: {} }] }))).toBe(
    202,
  );
  const accepted = 'hindcast_predictions_accepted_total{model="churn"}';
  const ended = (outcome: string) => `hindcast_predictions_ended_total{model="churn",outcome="${outcome}"}`;
  const shows = (...lines: string[]) => expect.poll(scrape, { timeout: 20_000 }).toEqual(expect.arrayContaining(lines));
  await shows(`${accepted} 3`, `${ended('succeeded')} 3`);
  expect(await ask('/v1/models/churn/pause', { method: 'POST' })).toBeLessThan(300);
  expect(await ask('/v1/predictions', post({ model: 'churn', input }, { 'cancel-after': '1s' }))).toBe(202);
  await shows(`${accepted} 4`, `${ended('succeeded')} 3`, `${ended('expired')} 1`);
});

it('has how long predictions waited and ran, and how many ran together, by model', async () => {
  const lines = await scrape();
  const sumOf = (name: string) =>
    Number(lines.find((line) => line.startsWith(`hindcast_${name}{model="churn"}`))?.split(' ')[1]);
  expect(sumOf('prediction_queue_duration_seconds_count')).toBe(3);
  expect(sumOf('inference_run_rows_sum')).toBe(3);
  expect(sumOf('inference_run_duration_seconds_count')).toBe(sumOf('inference_run_rows_count'));
  expect(sumOf('inference_run_duration_seconds_sum')).toBeGreaterThan(0);
});

it('has every metric that docs/metrics.md tells operators to watch', async () => {
  const document = await readFile(new URL('../../docs/metrics.md', import.meta.url), 'utf8');
  const named = new Set([...document.matchAll(/`(hindcast_[a-z_]+)`/g)].map(([, name = '']) => name));
  const told = new Set((await scrape()).map((line) => /^# TYPE (\S+)/.exec(line)?.[1]));
  expect(named.size).toBeGreaterThan(15);
  expect([...named].filter((name) => !told.has(name))).toEqual([]);
});
