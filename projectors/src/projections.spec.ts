import { isEnded, TOPICS } from '@hindcast/domain';
import {
  aModelPaused,
  aModelRegistered,
  anyPredictionEvent,
  aPredictionRequested,
  aPredictionSucceeded,
  eventKinds,
} from '@hindcast/domain/testing';
import { describe, expect, it, vi } from 'vitest';
import { createProjections, type Projections } from './projections.ts';
import type { RebuildJob } from './rebuild-jobs.ts';
import { createProjectionWorld, type ProjectionWorld } from './testing/projection-world.ts';
import { seededRandom } from './testing/seeded-random.ts';

const using = async (test: (world: ProjectionWorld, projections: Projections) => Promise<void>) => {
  const world = createProjectionWorld();
  const projections = createProjections(world);
  try {
    await test(world, projections);
  } finally {
    await projections.stop();
  }
};
const someEvents = (count: number, seed = 1) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    anyPredictionEvent({ id: `p-${random(40)}`, kind: random(eventKinds), number: random(3), rival: random(2) }),
  );
};
const finished = async (projections: Projections, job: RebuildJob | undefined): Promise<RebuildJob> =>
  vi.waitFor(() => {
    const now = projections.rebuilds().find(({ id }) => id === job?.id);
    if (!now?.endedAt) throw new Error('The job has not ended.');
    return now;
  });
const liveOf = async ({ views }: ProjectionWorld) =>
  (await views.generations())
    .filter(({ projection }) => projection === 'prediction-status')
    .map(({ generation, state }) => `${generation}:${state}`);

describe('projections', () => {
  it('fold both topics and say how far they are', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested()]);
      await world.append([aModelRegistered(), aModelPaused()], TOPICS.models);
      await projections.whenCaughtUp();
      expect((await world.views.reader.model('default/churn'))?.state).toMatchObject({ revision: 2, paused: true });
      const list = await projections.list();
      expect(list.map(({ projection, generation, state, lag }) => [projection, generation, state, lag])).toEqual([
        ['prediction-status', 1, 'running', 0],
        ['models', 1, 'running', 0],
      ]);
      expect(list[0]?.partitions).toHaveLength(3);
    }));

  it('rebuild a view that equals the live one, while events go on, and announce each document once', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append(someEvents(500));
      await projections.whenCaughtUp();
      const job = await projections.rebuild('prediction-status', { dryRun: false });
      expect(await projections.rebuild('models', { dryRun: true })).toBeUndefined();
      let requests = 0;
      while (projections.rebuilds()[0]?.endedAt === undefined) {
        requests += 1;
        const id = `during-${requests}`;
        await world.append([aPredictionRequested({ id }), aPredictionSucceeded({ id })]);
        await new Promise((resolve) => setImmediate(resolve));
        expect(await world.views.reader.prediction('default/p-1')).toBeDefined();
      }
      const done = await finished(projections, job);
      expect(done).toMatchObject({ phase: 'done', kind: 'rebuild', generation: 2, report: { promoted: true } });
      expect(done.report?.verification?.['prediction-status']).toMatchObject({
        different: 0,
        onlyLive: 0,
        onlyBuilt: 0,
        moving: 0,
        examples: [],
      });
      expect(done.report?.verification?.['prediction-stats']).toMatchObject({
        different: 0,
        onlyLive: 0,
        onlyBuilt: 0,
        moving: 0,
      });
      expect(done.report?.verification?.['prediction-status']?.equal).toBeGreaterThanOrEqual(40);
      await projections.whenCaughtUp();
      expect(await liveOf(world)).toEqual(['1:previous', '2:live']);
      for (let i = 1; i <= requests; i++) {
        const doc = await world.views.reader.prediction(`default/during-${i}`);
        expect(doc && isEnded(doc.state)).toBe(true);
        const ended = world.announced.filter(
          (line) => line.startsWith(`default/during-${i}@`) && line.endsWith('succeeded'),
        );
        expect(ended).toHaveLength(1);
      }
    }));

  it('only report in a dry run, and find a document that is wrong', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested(), aPredictionRequested({ id: 'p-2' })]);
      await projections.whenCaughtUp();
      const doc = await world.views.reader.prediction('default/p-2');
      if (!doc) throw new Error('There is no document.');
      const damaged = { ...doc, state: { ...doc.state, ignored: 7 } };
      await world.views.statusStore(1).save([{ doc: damaged, base: doc.pos }]);
      const done = await finished(projections, await projections.rebuild('prediction-status', { dryRun: true }));
      expect(done.report).toMatchObject({
        promoted: false,
        verification: { 'prediction-status': { equal: 1, different: 1, examples: ['default/p-2'] } },
      });
      expect(await liveOf(world)).toEqual(['1:live']);
    }));

  it('mend a view that is of another log', () =>
    using(async (world, projections) => {
      await world.views.statusStore(1).save([], { logId: 'another', epoch: 0, partition: 0, next: 1 });
      await world.append([aPredictionRequested()]);
      await projections.start();
      await expect(projections.whenCaughtUp()).rejects.toMatchObject({ code: 'foreign_log' });
      expect((await projections.list())[0]).toMatchObject({
        state: 'failed',
        error: expect.stringContaining('Rebuild'),
      });
      const done = await finished(projections, await projections.rebuild('prediction-status', { dryRun: false }));
      expect(done.report).toMatchObject({ promoted: true });
      expect(done.report?.verification).toBeUndefined();
      await projections.whenCaughtUp();
      expect((await projections.list())[0]).toMatchObject({ state: 'running', generation: 2, lag: 0 });
      expect(await world.views.reader.prediction('default/p-1')).toBeDefined();
    }));

  it('go back to the previous generation, which first catches up', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested()]);
      await projections.whenCaughtUp();
      await finished(projections, await projections.rebuild('prediction-status', { dryRun: false }));
      await world.append([aPredictionSucceeded()]);
      await projections.whenCaughtUp();
      const undone = await finished(projections, await projections.undo('prediction-status'));
      expect(undone).toMatchObject({ phase: 'done', kind: 'undo', generation: 1 });
      expect(await liveOf(world)).toEqual(['1:live', '2:previous']);
      expect((await world.views.reader.prediction('default/p-1'))?.state.status).toBe('succeeded');
      expect(world.announced).toHaveLength(2);
      await finished(projections, await projections.rebuild('prediction-status', { dryRun: false }));
      expect(await liveOf(world)).toEqual(['1:previous', '3:live']);
    }));

  it('say why a rebuild failed, and the live view stays', () =>
    using(async (_, projections) => {
      await projections.start();
      const done = await finished(projections, await projections.undo('models'));
      expect(done).toMatchObject({ phase: 'failed', error: expect.stringContaining('no previous generation') });
      expect((await projections.list())[1]).toMatchObject({ state: 'running' });
    }));
});
