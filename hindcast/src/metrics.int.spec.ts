import { afterAll, beforeAll, expect, it } from 'vitest';
import { defaultConfig } from './index.ts';
import type { RunningHindcast } from './running-hindcast.ts';
import { startHindcast } from './start-hindcast.ts';

const nothing = () => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };
const requestsMany = 30;

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
