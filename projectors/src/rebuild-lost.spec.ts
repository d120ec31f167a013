import { TOPICS } from '@hindcast/domain';
import { aModelPaused, aModelRegistered, aPredictionRequested, aPredictionSucceeded } from '@hindcast/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import type { HandOver } from './hand-over.ts';
import { createProjections, type Projections } from './projections.ts';
import { rebuildLost } from './rebuild-lost.ts';
import { createProjectionWorld, type ProjectionWorld } from './testing/projection-world.ts';

const name = 'prediction-status';
const running: Projections[] = [];
afterEach(async () => {
  for (const projections of running.splice(0)) await projections.stop();
});

const startAll = async (world: ProjectionWorld, members: readonly string[]): Promise<readonly Projections[]> => {
  const { handOver } = world.views;
  // In memory a look takes no turn of the loop: one process would look for ever, and leave none to the others.
  const beat: typeof handOver.beat = async (of) => {
    await new Promise((resolve) => setImmediate(resolve));
    return handOver.beat(of);
  };
  const views = { ...world.views, handOver: { ...handOver, beat } };
  const all = members.map((member) => createProjections({ ...world, views }, { member }));
  running.push(...all);
  await Promise.all(all.map((one) => one.start()));
  return all;
};
const someHistory = async (world: ProjectionWorld): Promise<void> => {
  for (let at = 0; at < 20; at += 1) await world.append([aPredictionRequested({ id: `p-${at}` })]);
  await world.append([aModelRegistered(), aModelPaused()], TOPICS.models);
};
const liveOf = async ({ views }: ProjectionWorld): Promise<readonly string[]> =>
  (await views.generations()).map(({ projection, generation, state }) => `${projection} ${generation} ${state}`);
/** What somebody makes who opens a store that was emptied, before those look who had folded into it. */
const emptyAndOpenAnew = async ({ views }: ProjectionWorld): Promise<void> => {
  views.lose(name);
  const { generation } = await views.create(name);
  await views.promote(name, generation);
};

describe('views of which nothing is there', () => {
  it('are folded into where they are, by whoever starts first, when they were never filled', async () => {
    const world = createProjectionWorld();
    await someHistory(world);
    const all = await startAll(world, ['a', 'b', 'c']);
    await Promise.all(all.map((one) => one.whenCaughtUp()));
    expect((await world.views.reader.prediction('default/p-7'))?.state.status).toBe('queued');
    expect(await liveOf(world)).toEqual(['prediction-status 1 live', 'models 1 live']);
  });

  it('are brought back by a new generation when a process had folded more', async () => {
    const world = createProjectionWorld();
    await someHistory(world);
    const all = await startAll(world, ['a', 'b']);
    await Promise.all(all.map((one) => one.whenCaughtUp()));
    await emptyAndOpenAnew(world);
    await expect.poll(() => liveOf(world), { timeout: 10_000 }).toContain('prediction-status 3 live');
    expect((await world.views.reader.prediction('default/p-7'))?.state.status).toBe('queued');
    await world.append([aPredictionSucceeded({ id: 'p-7' })]);
    await expect
      .poll(async () => (await world.views.reader.prediction('default/p-7'))?.state.status, { timeout: 10_000 })
      .toBe('succeeded');
    expect(await liveOf(world)).toContain('prediction-status 3 live');
  });

  it('are left to others by a process whose hold was taken away', async () => {
    const world = createProjectionWorld();
    await someHistory(world);
    world.views.lose(name);
    let promoted = false;
    const handOver: HandOver = {
      isBehind: async () => false,
      hold: async () => ({
        taken: AbortSignal.abort(new Error('taken away')),
        settle: async () => {},
        promote: async () => {
          promoted = true;
        },
        release: async () => {},
      }),
    };
    const { signal } = new AbortController();
    await expect(rebuildLost(world, handOver, name, signal)).rejects.toThrow('taken away');
    expect(promoted).toBe(false);
  });
});
