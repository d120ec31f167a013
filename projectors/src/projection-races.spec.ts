import { describe, expect, it } from 'vitest';
import { race, type SpoilStore } from './testing/race.ts';

const runs = 2_000;

const countWrong = async (seeds: number, spoil?: SpoilStore) => {
  const wrong = { status: 0, stats: 0, quality: 0, seeds: [] as number[] };
  for (let seed = 1; seed <= seeds; seed++) {
    const { status, stats, quality } = await race(seed, spoil);
    if (status > 0) wrong.status += 1;
    if (stats > 0) wrong.stats += 1;
    if (quality > 0) wrong.quality += 1;
    if (status + stats + quality > 0 && wrong.seeds.length < 5) wrong.seeds.push(seed);
  }
  return wrong;
};

/** Writes over whatever is there, as a store without a condition on the position does. */
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

/** Adds to the counters whatever it is given, as `$inc` without a guard does. */
const withoutGuard: SpoilStore = (store, gate, view) =>
  view === 'status'
    ? store
    : {
        ...withoutSwap(store, gate, view),
        load: async (keys) => new Map([...(await store.load(keys))].map(([key, doc]) => [key, { ...doc, pos: -1 }])),
      };

/** Says that it has folded the records before it has. */
const checkpointFirst: SpoilStore = (store, gate) => {
  const late: Parameters<typeof store.save>[0][number][] = [];
  return {
    ...store,
    async save(writes, checkpoint) {
      late.push(...writes);
      if (!checkpoint) return [];
      await store.save([], checkpoint);
      await gate();
      return store.save(late.splice(0));
    },
  };
};

describe('races between two projectors of one partition, with crashes and redelivery', () => {
  it(`leave no wrong document in ${runs} runs`, async () => {
    expect(await countWrong(runs)).toEqual({ status: 0, stats: 0, quality: 0, seeds: [] });
  }, 60_000);

  it('are found out where the store writes without comparing', async () => {
    const wrong = await countWrong(200, withoutSwap);
    expect(wrong.status).toBeGreaterThan(0);
    expect(wrong.stats).toBeGreaterThan(0);
    expect(wrong.quality).toBeGreaterThan(0);
  });

  it('are found out where the counters have no guard', async () => {
    const wrong = await countWrong(200, withoutGuard);
    expect(wrong.status).toBe(0);
    expect(wrong.stats).toBeGreaterThan(0);
    expect(wrong.quality).toBeGreaterThan(0);
  });

  it('are found out where the checkpoint is written before the documents', async () => {
    // The status view is saved by the checkpoint of the statistics, which is still behind when the process dies.
    const wrong = await countWrong(200, checkpointFirst);
    expect(wrong.stats).toBeGreaterThan(0);
  });
});
