import { isEnded, type JobRun, TOPICS } from '@hindcast/domain';
import {
  aModelPaused,
  aModelRegistered,
  anyPredictionEvent,
  aPredictionRequested,
  aPredictionSucceeded,
  eventKinds,
  seededRandom,
} from '@hindcast/domain/testing';
import { describe, expect, it } from 'vitest';
import { createProjections, type Projections } from './projections.ts';
import type { RebuildReport } from './rebuild.ts';
import { createProjectionWorld, type ProjectionWorld } from './testing/projection-world.ts';

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
/** Runs a job as a runner would, and answers its result and the last progress that it told. */
const finished = async (projections: Projections, kind: 'rebuild' | 'undo', spec: object) => {
  const told: Parameters<JobRun['progress']>[0][] = [];
  const job = { id: 'j-1', tenant: 'default', kind: `projection-${kind}`, attempt: 1, spec: { ...spec } };
  const { signal } = new AbortController();
  const handler = projections.jobHandlers[job.kind];
  const result = await handler?.(job, { signal, checkpoint: undefined, progress: (news) => void told.push(news) });
  return { result: result as Partial<RebuildReport>, last: told.at(-1) };
};
const statusView = { projection: 'prediction-status', dryRun: false };
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
      let isDone = false;
      const job = finished(projections, 'rebuild', statusView).finally(() => {
        isDone = true;
      });
      let requests = 0;
      while (!isDone) {
        requests += 1;
        const id = `during-${requests}`;
        await world.append([aPredictionRequested({ id }), aPredictionSucceeded({ id })]);
        await new Promise((resolve) => setImmediate(resolve));
        expect(await world.views.reader.prediction('default/p-1')).toBeDefined();
      }
      const { result, last } = await job;
      expect(result).toMatchObject({ generation: 2, promoted: true });
      expect(last).toMatchObject({ unit: 'records', checkpoint: { generation: 2 } });
      expect(last?.total).toBeGreaterThanOrEqual(500);
      expect(result.verification?.['prediction-status']).toMatchObject({
        different: 0,
        onlyLive: 0,
        onlyBuilt: 0,
        moving: 0,
        examples: [],
      });
      expect(result.verification?.['prediction-stats']).toMatchObject({
        different: 0,
        onlyLive: 0,
        onlyBuilt: 0,
        moving: 0,
      });
      expect(result.verification?.['prediction-status']?.equal).toBeGreaterThanOrEqual(40);
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

  it('end a rebuild soon, although as much comes in each round as in the one before it', async () => {
    const world = createProjectionWorld();
    let rounds = 0;
    const { log } = world;
    const read = async function* (options) {
      if (options.partition === 0) {
        rounds += 1;
        await world.append(someEvents(900, rounds));
        // It stands still at the end of the rebuild.
        await Promise.race([projections.whenCaughtUp(), new Promise((resolve) => setTimeout(resolve, 100))]);
      }
      yield* log.read(options);
    } satisfies typeof log.read;
    const projections = createProjections({ ...world, log: { ...log, read } });
    try {
      await projections.start();
      await world.append(someEvents(900));
      await projections.whenCaughtUp();
      expect((await finished(projections, 'rebuild', statusView)).result).toMatchObject({ promoted: true });
      expect(rounds).toBeLessThan(10);
    } finally {
      await projections.stop();
    }
  });

  it('only report in a dry run, and find a document that is wrong', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested(), aPredictionRequested({ id: 'p-2' })]);
      await projections.whenCaughtUp();
      const doc = await world.views.reader.prediction('default/p-2');
      if (!doc) throw new Error('There is no document.');
      const damaged = { ...doc, state: { ...doc.state, ignored: 7 } };
      await world.views.statusStore(1).save([{ doc: damaged, base: doc.pos }]);
      const { result } = await finished(projections, 'rebuild', { ...statusView, dryRun: true });
      expect(result).toMatchObject({
        promoted: false,
        verification: { 'prediction-status': { equal: 1, different: 1, examples: ['default/p-2'] } },
      });
      expect(await liveOf(world)).toEqual(['1:live']);
    }));

  it('leave the live view where the new one differs from it, unless that is forced', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested(), aPredictionRequested({ id: 'p-2' })]);
      await projections.whenCaughtUp();
      const doc = await world.views.reader.prediction('default/p-2');
      if (!doc) throw new Error('There is no document.');
      const damaged = { ...doc, state: { ...doc.state, ignored: 7 } };
      const foreign = { ...doc, key: 'default/p-3', id: 'p-3' };
      await world.views.statusStore(1).save([
        { doc: damaged, base: doc.pos },
        { doc: foreign, base: undefined },
      ]);
      await expect(finished(projections, 'rebuild', statusView)).rejects.toMatchObject({
        code: 'views_differ',
        message: expect.stringMatching(/prediction-status: 1 different, 1 only in the live one.*p-2.*p-3/),
      });
      expect(await liveOf(world)).toEqual(['1:live']);
      await world.append([aPredictionSucceeded()]);
      await projections.whenCaughtUp();
      const { result } = await finished(projections, 'rebuild', { ...statusView, force: true });
      expect(result).toMatchObject({ promoted: true, verification: { 'prediction-status': { different: 1 } } });
      expect(await liveOf(world)).toEqual(['1:previous', '3:live']);
      expect(await world.views.reader.prediction('default/p-3')).toBeUndefined();
    }));

  it('put another one in the place of a view in which keys are parked that a repaired program folds', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested(), aPredictionSucceeded()]);
      await projections.whenCaughtUp();
      const doc = await world.views.reader.prediction('default/p-1');
      const [sum] = await world.views.reader.stats({ tenant: 'default', since: 0, until: Number.MAX_SAFE_INTEGER });
      if (!doc || !sum) throw new Error('There is no document.');
      const parked = { ...doc, parked: { offset: doc.pos, detail: 'A mistake of the program before.' } };
      await world.views.statusStore(1).save([{ doc: parked, base: doc.pos }]);
      await world.views.statsStore(1).save([{ doc: { ...sum, succeeded: 0 }, base: sum.pos }]);
      const { result } = await finished(projections, 'rebuild', statusView);
      expect(result).toMatchObject({
        promoted: true,
        verification: {
          'prediction-status': { different: 0, parked: 1 },
          'prediction-stats': { different: 1 },
        },
      });
      await world.views.statsStore(2).save([{ doc: { ...sum, succeeded: 0 }, base: sum.pos }]);
      await expect(finished(projections, 'rebuild', statusView)).rejects.toMatchObject({ code: 'views_differ' });
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
      const { result } = await finished(projections, 'rebuild', statusView);
      expect(result).toMatchObject({ promoted: true });
      expect(result.verification).toBeUndefined();
      await projections.whenCaughtUp();
      expect((await projections.list())[0]).toMatchObject({ state: 'running', generation: 2, lag: 0 });
      expect(await world.views.reader.prediction('default/p-1')).toBeDefined();
    }));

  it('go back to the previous generation, which first catches up', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append([aPredictionRequested()]);
      await projections.whenCaughtUp();
      await finished(projections, 'rebuild', statusView);
      await world.append([aPredictionSucceeded()]);
      await projections.whenCaughtUp();
      const undone = await finished(projections, 'undo', { projection: 'prediction-status' });
      expect(undone.result).toEqual({ generation: 1 });
      expect(await liveOf(world)).toEqual(['1:live', '2:previous']);
      expect((await world.views.reader.prediction('default/p-1'))?.state.status).toBe('succeeded');
      expect(world.announced).toHaveLength(2);
      await finished(projections, 'rebuild', statusView);
      expect(await liveOf(world)).toEqual(['1:previous', '3:live']);
    }));

  it('say why a rebuild failed, and the live view stays', () =>
    using(async (_, projections) => {
      await projections.start();
      const undo = (projection: string) => finished(projections, 'undo', { projection });
      await expect(undo('models')).rejects.toThrow('no previous generation');
      await expect(undo('nothing')).rejects.toMatchObject({ code: 'unknown_projection' });
      expect((await projections.list())[1]).toMatchObject({ state: 'running' });
    }));

  it('are left as they are by a rebuild that is aborted', () =>
    using(async (world, projections) => {
      await projections.start();
      await world.append(someEvents(3_000));
      await projections.whenCaughtUp();
      const abort = new AbortController();
      const job = { id: 'j-1', tenant: 'default', kind: 'projection-rebuild', attempt: 1, spec: statusView };
      const run = { signal: abort.signal, checkpoint: undefined, progress: () => abort.abort(new Error('enough')) };
      await expect(projections.jobHandlers[job.kind]?.(job, run)).rejects.toThrow('enough');
      expect((await liveOf(world))[0]).toBe('1:live');
      await finished(projections, 'rebuild', statusView);
      expect(await liveOf(world)).toEqual(['1:previous', expect.stringMatching(/^\d+:live$/)]);
    }));
});
