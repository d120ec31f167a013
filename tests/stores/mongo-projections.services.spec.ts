import { TOPICS, type ViewDatabase } from '@hindcast/domain';
import { createMemoryViews } from '@hindcast/domain/in-memory';
import {
  aModelPaused,
  aModelRegistered,
  anyPredictionEvent,
  docsIn,
  eventKinds,
  seededRandom,
} from '@hindcast/domain/testing';
import { createProjections } from '@hindcast/projectors';
import { describe, expect, inject, it } from 'vitest';
import { createProjectionWorld, type ProjectionWorld } from '../../projectors/src/testing/projection-world.ts';
import { race, type SpoilStore } from '../../projectors/src/testing/race.ts';
import { withMongoViews } from './mongo-views.ts';

const { mongodb } = inject('services');
const raceRuns = 25;

const predictionEvents = (count: number, seed: number) => {
  const random = seededRandom(seed);
  return Array.from({ length: count }, () =>
    anyPredictionEvent({ id: `p-${random(150)}`, kind: random(eventKinds), number: random(3), rival: random(2) }),
  );
};
const modelEvents = [
  aModelRegistered({ name: 'iris', eventId: 'm-1' }),
  aModelRegistered({ name: 'iris', eventId: 'm-2', sha256: 'b'.repeat(64), example: { 'a.b': 1, $c: [[1, ['x']]] } }),
  aModelPaused({ name: 'iris', eventId: 'm-3' }),
];

/** Folds all that the log has, by projectors that start at the checkpoints of the views and stop. */
const fold = async (world: ProjectionWorld, views: readonly ViewDatabase[]): Promise<void> => {
  const running = views.map((one) => createProjections({ ...world, views: one }));
  await Promise.all(running.map((one) => one.start()));
  await Promise.all(running.map((one) => one.whenCaughtUp()));
  await Promise.all(running.map((one) => one.stop()));
};
const everythingIn = async (views: ViewDatabase): Promise<readonly unknown[]> => {
  const all: unknown[] = [];
  const ofPredictions = [views.statusStore(1), views.statsStore(1), views.qualityStore(1), views.labelsStore(1)];
  for (const store of [...ofPredictions, views.modelStore(1)]) {
    all.push(...(await docsIn<unknown>(store)));
    all.push(await store.checkpoints());
  }
  return all;
};

describe.skipIf(!mongodb)('projectors over MongoDB', () => {
  it('fold what projectors in memory fold, in two processes that start and stop', () =>
    withMongoViews(mongodb ?? '', 2, async (views) => {
      const world = createProjectionWorld();
      await world.append(modelEvents, TOPICS.models);
      for (const seed of [1, 2, 3]) {
        await world.append(predictionEvents(500, seed));
        await fold(world, views);
      }
      const inMemory = createMemoryViews({ now: world.now });
      await fold(world, [inMemory]);
      const [one] = views;
      if (!one) throw new Error('There are no views.');
      const stored = await everythingIn(one);
      expect(stored.length).toBeGreaterThan(150);
      expect(stored).toEqual(await everythingIn(inMemory));
    }));

  const races = async (spoil?: SpoilStore): Promise<readonly number[]> => {
    const wrong: number[] = [];
    const step = async (isQuiet: () => boolean) => {
      while (!isQuiet()) await new Promise((resolve) => setImmediate(resolve));
    };
    for (let seed = 1; seed <= raceRuns; seed += 1) {
      await withMongoViews(mongodb ?? '', 1, async ([views]) => {
        if (!views) throw new Error('There are no views.');
        const { status, stats, quality } = await race(seed, spoil, { views, step });
        if (status + stats + quality > 0) wrong.push(seed);
      });
    }
    return wrong;
  };
  /** Writes over whatever is there. */
  const withoutSwap: SpoilStore = (store) => ({
    ...store,
    async save(writes, checkpoint) {
      const stored = await store.load(writes.map(({ doc }) => doc.key));
      return store.save(
        writes.map(({ doc }) => ({ doc, base: stored.get(doc.key)?.pos })),
        checkpoint,
      );
    },
  });

  it(`leave no wrong document in ${raceRuns} races with crashes and redelivery`, async () => {
    expect(await races()).toEqual([]);
  });

  it('are found out by the same races where a save does not compare', async () => {
    expect((await races(withoutSwap)).length).toBeGreaterThan(0);
  });
});
