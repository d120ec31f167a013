import { type PredictionEvent, TOPICS } from '@hindcast/domain';
import {
  aLabelReported,
  aPredictionCanceled,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
  docsIn,
} from '@hindcast/domain/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { noDeadLetters } from './dead-letters.ts';
import { createPredictionStatusProjection, predictionStoresOf } from './prediction-status.ts';
import { createProjections, type Projections } from './projections.ts';
import { logId, partition, recordsOf, sliceOf } from './testing/one-partition.ts';
import { createProjectionWorld, type ProjectionWorld, recordsIn } from './testing/projection-world.ts';

/** Two processes that share log and views. `settle` resolves when they are through with what they append themselves. */
const using = async (test: (world: ProjectionWorld, settle: () => Promise<void>) => Promise<void>) => {
  const world = createProjectionWorld();
  const processes: readonly Projections[] = [createProjections(world), createProjections(world)];
  try {
    for (const one of processes) await one.start();
    await test(world, async () => {
      for (let before = -1, end = 0; before !== end; end = await endOf(world)) {
        before = end;
        for (const one of processes) await one.whenCaughtUp();
      }
    });
  } finally {
    for (const one of processes) await one.stop();
  }
};
const endOf = async ({ log }: ProjectionWorld): Promise<number> =>
  (await log.bounds(TOPICS.predictions)).reduce((sum, { end }) => sum + end, 0);
const labelsOf = async ({ views }: ProjectionWorld, id: string) =>
  (await views.reader.prediction(`default/${id}`))?.state.labels.map(({ value }) => value);

describe('labels and the predictions that they were too early for', () => {
  it('find each other, in whichever order and on whichever partitions they come', () =>
    using(async (world, settle) => {
      const asked = (i: number) => aPredictionRequested({ id: `p-${i}`, eventId: `q-${i}`, referenceId: `r-${i}` });
      const said = (i: number, value = true) =>
        aLabelReported({ eventId: `l-${i}-${value}`, referenceId: `r-${i}`, value });
      for (let i = 0; i < 30; i++) await world.append(i % 2 === 0 ? [said(i)] : [asked(i)]);
      for (let i = 0; i < 30; i++) await world.append(i % 2 === 0 ? [asked(i)] : [said(i)]);
      await world.append(
        Array.from({ length: 30 }, (_, i) => said(i + 100)).flatMap((one, i) => [one, asked(i + 100)]),
      );
      await settle();
      for (let i = 0; i < 30; i++) expect(await labelsOf(world, `p-${i}`)).toEqual([true]);
      for (let i = 100; i < 130; i++) expect(await labelsOf(world, `p-${i}`)).toEqual([true]);
      expect(await world.views.reader.waitingLabels({ tenant: 'default', limit: 10 })).toEqual([]);
    }));

  it('keep the order in which they were said, and are given to one prediction', () =>
    using(async (world, settle) => {
      const window = { entity: 'e', from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' };
      await world.append(
        [true, false, 'maybe'].map((value, i) => aLabelReported({ eventId: `l-${i}`, ...window, value })),
      );
      await settle();
      const asked = (id: string, eventTime: string) =>
        aPredictionRequested({ id, eventId: `q-${id}`, entity: 'e', eventTime });
      await world.append([asked('april', '2026-04-01T00:00:00Z')]);
      await world.append([asked('march', '2026-03-01T00:00:00Z')]);
      await settle();
      await world.append([asked('later', '2026-03-02T00:00:00Z')]);
      await settle();
      expect(await labelsOf(world, 'march')).toEqual([true, false, 'maybe']);
      expect(await labelsOf(world, 'april')).toEqual([]);
      expect(await labelsOf(world, 'later')).toEqual([]);
    }));

  it('are in the log as they were found, so that a view that is made again has the same and writes nothing', () =>
    using(async (world, settle) => {
      await world.append([aLabelReported(), aPredictionRequested({ referenceId: 'order-1' }), aPredictionSucceeded()]);
      await settle();
      const types = (await recordsIn(world.log, TOPICS.predictions)).map(({ headers }) => headers['type']);
      expect(types.filter((type) => type === 'LabelMatched').length).toBeGreaterThan(0);
      const end = await endOf(world);
      const { generation } = await world.views.create('prediction-status');
      const stores = predictionStoresOf(world.views, generation);
      const again = createPredictionStatusProjection({ generation, ...stores, deadLetters: noDeadLetters });
      for (const bounds of await world.log.bounds(TOPICS.predictions)) {
        const records = (await recordsIn(world.log, TOPICS.predictions)).filter(
          (record) => record.partition === bounds.partition,
        );
        if (records.length > 0) await again.project({ ...bounds, partitions: 3, records });
      }
      expect(await endOf(world)).toBe(end);
      for (const view of ['statusStore', 'qualityStore', 'labelsStore'] as const) {
        const built = await docsIn<unknown>(world.views[view](generation));
        expect(built.length).toBeGreaterThan(0);
        expect(built).toEqual(await docsIn<unknown>(world.views[view](1)));
      }
    }));
});

describe('the quality view', () => {
  const project = async (world: ProjectionWorld, events: readonly PredictionEvent[], batch: number) => {
    const stores = predictionStoresOf(world.views, 1);
    const projection = createPredictionStatusProjection({ generation: 1, ...stores, deadLetters: noDeadLetters });
    const records = recordsOf(events);
    for (let at = 0; at < records.length; at += batch) await projection.project(sliceOf(records.slice(at, at + batch)));
    return docsIn(stores.quality);
  };

  it('is the same whatever the batches, with more labels of one prediction than its document keeps', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom(true, false, null, 0.5), { minLength: 70, maxLength: 200 }),
        fc.integer({ min: 1, max: 300 }),
        async (values, batch) => {
          const events = [
            aPredictionRequested(),
            aPredictionSucceeded(),
            ...values.map((value, i) => aPredictionLabeled({ eventId: `l-${i}`, value })),
          ];
          const single = await project(createProjectionWorld(), events, 1);
          expect(await project(createProjectionWorld(), events, batch)).toEqual(single);
        },
      ),
      { numRuns: 25 },
    ));

  it('counts a label of what has succeeded, whichever came first, and no other', async () => {
    const sumsOf = async (...events: readonly PredictionEvent[]) =>
      (await project(createProjectionWorld(), events, 1)).flatMap(({ buckets }) =>
        buckets.map((sums) => ({ ...sums })),
      );
    const [asked, labeled] = [aPredictionRequested(), aPredictionLabeled()];
    for (const end of [aPredictionCanceled(), aPredictionFailed()])
      expect(await sumsOf(asked, end, labeled)).toEqual(await sumsOf(asked, end));
    expect(await sumsOf(asked, labeled)).toEqual(await sumsOf(asked));
    const after = await sumsOf(asked, aPredictionSucceeded(), labeled);
    expect(after[0]).toMatchObject({ accepted: 1, succeeded: 1, judged: 1 });
    expect(await sumsOf(asked, labeled, aPredictionSucceeded())).toEqual(after);
  });

  it('is made again from the log by itself where it is missing', async () => {
    const world = createProjectionWorld();
    const events = [aPredictionRequested(), aPredictionSucceeded(), aPredictionLabeled()];
    const whole = await project(createProjectionWorld(), events, 1);
    // As an older version left it: status and statistics, but no quality.
    const { status, stats } = predictionStoresOf(world.views, 1);
    const elsewhere = predictionStoresOf(createProjectionWorld().views, 1);
    const older = createPredictionStatusProjection({
      ...{ generation: 1, ...elsewhere, status, stats, deadLetters: noDeadLetters },
    });
    await older.project(sliceOf(recordsOf(events)));
    expect(await world.views.qualityStore(1).checkpoints()).toEqual([]);
    expect(await project(world, events, 2)).toEqual(whole);
    expect(await world.views.qualityStore(1).checkpoints()).toEqual([{ logId, epoch: 0, partition, next: 3 }]);
  });
});
