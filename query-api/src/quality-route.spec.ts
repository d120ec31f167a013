import {
  addTo,
  contribute,
  type LabelValue,
  maturityBuckets,
  type PredictionQualityDoc,
  type SumsInTheMaking,
} from '@hindcast/domain';
import { aModelRegistered } from '@hindcast/domain/testing';
import { expect, it } from 'vitest';
import { queryWorld } from './testing/query-world.ts';

const hourMs = 3_600_000;
const dayMs = 24 * hourMs;

interface Prediction {
  /** In hours. */
  readonly age: number;
  readonly yes: number;
  readonly version?: number;
  readonly label?: LabelValue;
  /** Maturity bucket in which the label came. */
  readonly bucket?: number;
}

const worldOf = async (...predictions: readonly Prediction[]) => {
  const world = await queryWorld();
  const now = Math.floor(Date.now() / hourMs) * hourMs;
  await world.append(
    aModelRegistered({
      signature: { batched: true, inputs: [], outputs: [], features: [], replayable: true, classes: ['no', 'yes'] },
    }),
  );
  await world.fold();
  const docs = predictions.map(({ age, yes, version = 1, label, bucket = 0 }, at): PredictionQualityDoc => {
    const buckets = Array.from({ length: maturityBuckets }, (): SumsInTheMaking => ({}));
    const output = { p: { no: 1 - yes, yes }, decision: yes > 0.4 };
    const add = (to: number, given: LabelValue | undefined, sign: number) =>
      contribute(output, given, (name, amount) => addTo(buckets[to] as SumsInTheMaking, name, sign * amount));
    for (const name of ['accepted', 'succeeded']) addTo(buckets[0] as SumsInTheMaking, name, 1);
    add(0, undefined, 1);
    if (label) {
      add(bucket, undefined, -1);
      add(bucket, label, 1);
    }
    const hour = now - age * hourMs;
    return { ...{ key: `k${at}`, tenant: 'default', model: 'churn', version, hour, partition: 0, pos: 1 }, buckets };
  });
  await world.views.qualityStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
  return world;
};

it('tells coverage and metrics by version, and by day', async () => {
  const world = await worldOf(
    { age: 3, yes: 0.9, label: { value: 'yes' } },
    { age: 3, yes: 0.45, label: { value: 'yes', weight: 3 }, bucket: 2 },
    { age: 30, yes: 0.2 },
    { age: 3, yes: 0.2, version: 2 },
  );
  const { data } = (await world.get('/v1/models/churn/quality')).json();
  expect(data).toMatchObject([
    {
      ...{ version: 1, accepted: 3, succeeded: 3, labeled: 2, coverage: 2 / 3, unscorable: 0, absent: 0 },
      labeledWithin: { '1h': 1, '1d': 0, '7d': 1, later: 0 },
      classes: { n: 2, weight: 4, accuracy: 0.25, decisionAccuracy: 1, auc: null },
    },
    { version: 2, accepted: 1, labeled: 0 },
  ]);
  expect(data[1]).not.toHaveProperty('classes');
  expect((await world.get('/v1/models/churn/quality?version=2')).json().data).toHaveLength(1);
  const days = (await world.get('/v1/models/churn/quality?version=1&groupBy=day')).json().data;
  expect(days.map(({ accepted }: { accepted: number }) => accepted).reduce((a: number, b: number) => a + b)).toBe(3);
  await world.close();
});

it('counts labels as they were known at a maturity, of requests that are old enough', async () => {
  const world = await worldOf(
    { age: 8 * 24, yes: 0.9, label: { value: 'yes' }, bucket: 2 },
    { age: 40 * 24, yes: 0.9, label: { value: 'no' }, bucket: 3 },
    { age: 2, yes: 0.9, label: { value: 'yes' } },
  );
  const [all] = (await world.get('/v1/models/churn/quality')).json().data;
  expect(all.labeledWithin).toMatchObject({ '1h': 1, '7d': 1, '30d': 1 });
  const [row] = (await world.get('/v1/models/churn/quality?maturity=7d')).json().data;
  expect(row).toMatchObject({ accepted: 2, immature: 1, labeled: 1, classes: { n: 1, accuracy: 1 } });
  // What came too late for the maturity is told, what is too young for it is not: of that only early labels can be known.
  expect(row.labeledWithin).toMatchObject({ '1h': 0, '7d': 1, '30d': 1 });
  const [older] = (await world.get('/v1/models/churn/quality?maturity=30d')).json().data;
  expect(older).toMatchObject({ accepted: 1, immature: 2, labeled: 1, classes: { n: 1, accuracy: 0 } });
  await world.close();
});

it('counts old requests without a label as the policy says, and young ones not', async () => {
  const world = await worldOf(
    { age: 10, yes: 0.9 },
    { age: 10, yes: 0.1 },
    { age: 10, yes: 0.8, label: { value: true } },
    { age: 2, yes: 0.9 },
  );
  const [row] = (await world.get('/v1/models/churn/quality?absent=0&after=5h')).json().data;
  expect(row).toMatchObject({ absent: 2, labeled: 1, classes: { n: 3, accuracy: 2 / 3, auc: 0.5 } });
  expect(row.classes.confusion).toEqual([
    { predicted: 'no', actual: 'no', weight: 1 },
    { predicted: 'yes', actual: 'no', weight: 1 },
    { predicted: 'yes', actual: 'yes', weight: 1 },
  ]);
  for (const query of ['', '?absent=drop', '?absent=0']) {
    expect((await world.get(`/v1/models/churn/quality${query}`)).json().data[0]).toMatchObject({ absent: 0 });
  }
  await world.close();
});

it('takes a number of the policy for the class at that place where the version answers such numbers', async () => {
  const world = await worldOf();
  const classes = ['c', 'a', 'b'];
  const signature = { batched: true, inputs: [], features: [], replayable: true, classes };
  await world.append(
    aModelRegistered({
      sha256: 'b'.repeat(64),
      signature: { ...signature, outputs: [{ name: 'label', datatype: 'int64', shape: [null] }] },
    }),
    aModelRegistered({ sha256: 'c'.repeat(64), signature: { ...signature, outputs: [] } }),
  );
  await world.fold();
  const hour = (Math.floor(Date.now() / hourMs) - 10) * hourMs;
  const docs = [2, 3].map((version): PredictionQualityDoc => {
    const buckets = Array.from({ length: maturityBuckets }, (): SumsInTheMaking => ({}));
    contribute({ label: 0, p: { c: 0.8, a: 0.1, b: 0.1 } }, undefined, (name, amount) =>
      addTo(buckets[0] as SumsInTheMaking, name, amount),
    );
    return { key: `k${version}`, tenant: 'default', model: 'churn', version, hour, partition: 0, pos: 1, buckets };
  });
  await world.views.qualityStore(1).save(docs.map((doc) => ({ doc, base: undefined })));
  const { data } = (await world.get('/v1/models/churn/quality?absent=0&after=5h')).json();
  expect(data).toMatchObject([
    { version: 2, absent: 1, classes: { accuracy: 1, confusion: [{ predicted: 'c', actual: 'c' }] } },
    { version: 3, absent: 0 },
  ]);
  await world.close();
});

it('refuses what it cannot answer', async () => {
  const world = await worldOf();
  const status = async (query: string) => (await world.get(`/v1/models/${query}`)).statusCode;
  const nobody = await world.get('/v1/models/nobody/quality');
  expect([nobody.statusCode, nobody.json().detail]).toEqual([404, expect.stringContaining('registered here: imports')]);
  expect(await status('churn/quality?maturity=3d')).toBe(400);
  expect(await status('churn/quality?absent=null')).toBe(400);
  expect(await status('churn/quality?after=3w')).toBe(400);
  expect(await status('churn/quality?since=0')).toBe(400);
  expect(await status(`churn/quality?groupBy=hour&since=${Date.now() - 60 * dayMs}`)).toBe(400);
  expect(await status('churn/quality?groupBy=hour')).toBe(200);
  expect(await status('churn/quality?version=9')).toBe(404);
  expect((await world.get('/v1/models/churn/quality')).json().data).toEqual([]);
  await world.close();
});
