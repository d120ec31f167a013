import { durationBucketsMs, type PredictionStatsDoc } from '@hindcast/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { durationQuantile } from './duration-quantile.ts';
import { queryWorld } from './testing/query-world.ts';

const buckets = durationBucketsMs.length + 1;
const hour = Date.UTC(2026, 0, 31, 10);
const aDoc = (changes: Partial<PredictionStatsDoc>): PredictionStatsDoc => ({
  ...{ key: '', tenant: 'default', model: 'churn', version: 1, hour, partition: 0, pos: 5 },
  ...{ accepted: 1, succeeded: 1, failed: 0, canceled: 0, expired: 0, labeled: 0, queuedMs: 4, inferenceMs: 2 },
  durations: Array.from({ length: buckets }, (_, at) => (at === 2 ? 1 : 0)),
  ...changes,
});

const worldOf = async (...docs: PredictionStatsDoc[]) => {
  const world = await queryWorld();
  const writes = docs.map((doc, at) => ({ doc: { ...doc, key: `k${at}` }, base: undefined }));
  await world.views.statsStore(1).save(writes);
  return world;
};
const day = 'since=2026-01-31T00:00:00Z&until=2026-02-01T00:00:00Z';

describe('GET /v1/stats', () => {
  it('sums partitions, models and versions up, an hour in a row', async () => {
    const world = await worldOf(
      aDoc({ partition: 0, queuedMs: 10, succeeded: 1 }),
      aDoc({ partition: 1, queuedMs: 20, succeeded: 2, accepted: 5, failed: 1 }),
      aDoc({ version: 2 }),
      aDoc({ hour: hour + 3_600_000, model: 'fraud', canceled: 1 }),
      aDoc({ tenant: 'other' }),
      aDoc({ hour: hour + 24 * 3_600_000 }),
    );
    const { data } = (await world.get(`/v1/stats?${day}`)).json();
    expect(data).toMatchObject([
      { hour: '2026-01-31T10:00:00.000Z', accepted: 7, succeeded: 4, failed: 1, meanQueuedMs: 8.5 },
      { hour: '2026-01-31T11:00:00.000Z', accepted: 1, canceled: 1 },
    ]);
    expect(data[0]).not.toHaveProperty('model');
    const versions = (await world.get(`/v1/stats?${day}&model=churn&groupBy=version`)).json().data;
    expect(versions).toMatchObject([
      { model: 'churn', version: 1, accepted: 6 },
      { model: 'churn', version: 2, accepted: 1 },
    ]);
    expect((await world.get(`/v1/stats?${day}&model=churn@2`)).json().data).toMatchObject([{ accepted: 1 }]);
    await world.close();
  });

  it('says null where there is nothing to take a mean of', async () => {
    const world = await worldOf(aDoc({ succeeded: 0, queuedMs: 0, inferenceMs: 0, durations: [] }));
    const { data } = (await world.get(`/v1/stats?${day}`)).json();
    expect(data[0]).toMatchObject({ meanQueuedMs: null, meanInferenceMs: null, estimatedDurationMs: { p50: null } });
    await world.close();
  });

  it('refuses more hours than it sums at once', async () => {
    const world = await worldOf();
    expect((await world.get('/v1/stats?since=0')).statusCode).toBe(400);
    expect((await world.get('/v1/stats')).json().data).toEqual([]);
    await world.close();
  });
});

describe('an estimated quantile', () => {
  it('lies in the bucket that holds the true one, and never falls as the quantile rises', () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.001, max: 700_000, noNaN: true }), { minLength: 1, maxLength: 60 }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        (durations, quantile) => {
          const counts = Array.from({ length: buckets }, () => 0);
          const bucketOf = (ms: number) => {
            const at = durationBucketsMs.findIndex((upper) => ms <= upper);
            return at < 0 ? buckets - 1 : at;
          };
          for (const ms of durations) counts[bucketOf(ms)] = (counts[bucketOf(ms)] ?? 0) + 1;
          const sorted = [...durations].sort((a, b) => a - b);
          const truth = sorted[Math.ceil(quantile * sorted.length) - 1] ?? 0;
          const estimate = durationQuantile(counts, quantile) ?? Number.NaN;
          const top = durationBucketsMs.at(-1) ?? 0;
          expect(Math.min(bucketOf(truth), buckets - 2)).toBe(bucketOf(Math.min(estimate, top)));
          expect(durationQuantile(counts, quantile / 2) ?? 0).toBeLessThanOrEqual(estimate);
        },
      ),
    ));
});
