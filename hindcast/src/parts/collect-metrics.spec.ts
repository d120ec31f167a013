import type { Projections } from '@hindcast/projectors';
import { Registry } from 'prom-client';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { collectMetrics } from './collect-metrics.ts';

const scrape = (list: Projections['list']): Promise<string> =>
  collectMetrics(new Registry(), {
    ...{ keeper: undefined, worker: undefined, notary: undefined },
    projections: { list },
  }).metrics();

const aLag = 'hindcast_projection_lag_records{projection="prediction-status"} 7';
const status: Awaited<ReturnType<Projections['list']>>[number] = {
  projection: 'prediction-status',
  generation: 1,
  state: 'running',
  partitions: [],
  lag: 7,
  unknownTypes: 0,
  deadLettered: 0,
};

describe('a scrape of the metrics', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('tells how busy the event loop was, and nothing that needs a timer of its own', async () => {
    const text = await scrape(async () => []);
    expect(text).toMatch(/^hindcast_nodejs_eventloop_utilization [01]/m);
    expect(text).toMatch(/^hindcast_nodejs_eventloop_lag_seconds /m);
    expect(text).not.toMatch(/eventloop_lag_(?!seconds)/);
  });

  it('counts the crashes of a worker as they are now', async () => {
    const registry = new Registry();
    let crashes = 0;
    const idle = {
      runs: 0,
      rows: 0,
      partitions: 0,
      paused: 0,
      open: 0,
      queued: 0,
      running: 0,
      unwritten: 0,
      payloadBytes: 0,
    };
    const stats = () => ({ ...idle, crashes, quarantines: 1 });
    const none = { keeper: undefined, notary: undefined, projections: undefined };
    collectMetrics(registry, { ...none, worker: { stats } });
    expect(await registry.metrics()).toMatch(/^hindcast_inference_crashes_total 0$/m);
    crashes = 3;
    for (let scrapes = 0; scrapes < 2; scrapes++) {
      const text = await registry.metrics();
      expect(text).toMatch(/^hindcast_inference_crashes_total 3$/m);
      expect(text).toMatch(/^hindcast_model_quarantines_total 1$/m);
    }
  });

  it('has the lag of the views', async () => {
    expect(await scrape(async () => [status])).toMatch(aLag);
  });

  it.each([
    ['in time', () => new Promise<never>(() => undefined)],
    ['at all', () => Promise.reject(new Error('The store is away.'))],
  ])('goes without the lag where nobody knows it %s', async (_, list) => {
    const scraped = scrape(list);
    await vi.advanceTimersByTimeAsync(2_000);
    const text = await scraped;
    expect(text).toMatch('hindcast_process_cpu_seconds_total');
    expect(text).not.toMatch('hindcast_projection_lag_records{');
  });
});
