import type { RequestObserver } from '@hindcast/adapters/http';
import { Counter, Histogram, type Registry } from 'prom-client';
import { metricPrefix } from './collect-metrics.ts';

/** Up to the longest wait that a request may ask for. */
const secondsBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60];

/** Of what no route answers. */
const unknown = 'unknown';

const labelNames = ['method', 'route', 'code'] as const;

/** Counts and times of what a server answers: one series for each method, route and status that there was. */
export const createRequestMetrics = (registry: Registry): RequestObserver => {
  const registers = [registry];
  const requests = new Counter({
    name: `${metricPrefix}http_requests_total`,
    help:
      'Requests answered since the start of this process, by pattern of the route and status code. What no route ' +
      'answers has the route "unknown"; what was no HTTP, and what its client gave up, is not counted.',
    ...{ labelNames, registers },
  });
  const seconds = new Histogram({
    name: `${metricPrefix}http_request_duration_seconds`,
    help:
      'Time from a request to the last byte of its answer, by class of the status. Without streams (events, replays, ' +
      'exports) and without answers that a client wished to wait for (Prefer: wait): hindcast_http_requests_total has those too.',
    ...{ labelNames, registers, buckets: secondsBounds },
  });
  return ({ method = unknown, route = unknown, status, ms }) => {
    requests.inc({ method, route, code: status });
    if (ms !== undefined) seconds.observe({ method, route, code: `${Math.floor(status / 100)}xx` }, ms / 1_000);
  };
};
