import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createRequestMetrics } from './request-metrics.ts';

it('counts every answer by its status, and times those that have a time by its class', async () => {
  const registry = new Registry();
  const observe = createRequestMetrics(registry);
  const post = (status: number, ms: number | undefined) =>
    observe({ method: 'POST', route: '/v1/models/:model/predictions', status, ms });
  post(202, 3);
  post(200, undefined);
  post(404, 0.5);
  post(422, 0.5);
  observe({ method: undefined, route: undefined, status: 404, ms: 1 });
  const lines = (await registry.metrics()).split('\n');
  const of = (name: string) => lines.filter((line) => line.startsWith(`hindcast_http_${name}`));
  const route = 'method="POST",route="/v1/models/:model/predictions"';
  expect(of('requests_total')).toEqual([
    `hindcast_http_requests_total{${route},code="202"} 1`,
    `hindcast_http_requests_total{${route},code="200"} 1`,
    `hindcast_http_requests_total{${route},code="404"} 1`,
    `hindcast_http_requests_total{${route},code="422"} 1`,
    'hindcast_http_requests_total{method="unknown",route="unknown",code="404"} 1',
  ]);
  expect(of('request_duration_seconds_count')).toEqual([
    `hindcast_http_request_duration_seconds_count{${route},code="2xx"} 1`,
    `hindcast_http_request_duration_seconds_count{${route},code="4xx"} 2`,
    'hindcast_http_request_duration_seconds_count{method="unknown",route="unknown",code="4xx"} 1',
  ]);
  const quick = `hindcast_http_request_duration_seconds_bucket{le="0.0025",${route},code="2xx"}`;
  const slower = `hindcast_http_request_duration_seconds_bucket{le="0.005",${route},code="2xx"}`;
  expect(lines).toEqual(expect.arrayContaining([`${quick} 0`, `${slower} 1`]));
});
