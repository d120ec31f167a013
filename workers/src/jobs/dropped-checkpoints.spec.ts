import { isEndedJob, type JobCheckpoint, type JobHandler } from '@hindcast/domain';
import { aJobCanceled, aJobProgressed } from '@hindcast/domain/testing';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createJobWorld, type JobWorld } from '../testing/job-world.ts';
import { settled, until } from '../testing/worker-world.ts';

/** Keeps something under a name of its own with each checkpoint, and lets go what is dropped. */
const keeping = (world: JobWorld, isDeaf = false) => {
  const kept = new Set<string>();
  let made = 0;
  const handler: JobHandler = async ({ spec }, { signal, progress, checkpoint }) => {
    let done = Number(checkpoint?.['done'] ?? 0);
    // What a checkpoint names is there when somebody goes on from it.
    if (checkpoint) expect(kept).toContain(checkpoint['name']);
    for (;;) {
      if (!isDeaf) signal.throwIfAborted();
      done += 1;
      const name = `n-${++made}`;
      kept.add(name);
      await settled(1);
      progress({ done, unit: 'steps', checkpoint: { done, name } });
      if (done >= Number(spec['to'])) return { name };
    }
  };
  const onDropped = (dropped: JobCheckpoint, instead: JobCheckpoint | undefined): void => {
    if (dropped['name'] !== instead?.['name']) kept.delete(String(dropped['name']));
  };
  return { kept, options: { handlers: { count: handler }, onDropped, progressMs: 3 }, nameOf: () => nameOf(world) };
};
const nameOf = (world: JobWorld): unknown => {
  const state = world.job('j-1');
  if (!state) return undefined;
  const result = isEndedJob(state) ? state.result : undefined;
  return (result ?? state.checkpoint)?.['name'];
};
const hasEnded = (world: JobWorld) => () => isEndedJob(world.job('j-1') ?? { status: 'unknown' });

it.each([{ turns: undefined }, { turns: 30 }, { turns: 200 }])(
  'of what a job has kept the last is there when it has ended, and no more: %o turns before a cancel',
  async ({ turns }) => {
    const world = await createJobWorld();
    const { kept, options, nameOf } = keeping(world);
    try {
      // Nothing is on its way into the log when the job is canceled.
      const runner = await world.start({ ...options, ...(turns !== undefined && { progressMs: 60_000 }) });
      await world.tell(world.request('j-1', { spec: { to: turns === undefined ? 100 : 1_000_000 } }));
      if (turns !== undefined) {
        await until(() => nameOf() !== undefined);
        await settled(turns);
        await world.tell(aJobCanceled(world.cause('j-1')));
      }
      await until(() => hasEnded(world)() && runner.stats().running === 0);
      await settled();
      expect(kept.size).toBe(1);
      expect(kept).toContain(nameOf());
    } finally {
      await world.close();
    }
  },
);

it('news of an earlier attempt takes nothing from the newest one', async () => {
  const world = await createJobWorld();
  const { kept, options, nameOf } = keeping(world);
  try {
    await world.start({ ...options, progressMs: 60_000 });
    await world.tell(world.request('j-1', { spec: { to: 1_000_000 } }));
    await until(() => nameOf() !== undefined);
    const checkpoint = { done: 1_000, name: 'other' };
    await world.tell(aJobProgressed({ ...world.cause('j-1'), eventId: 'stale', attempt: 0, done: 1_000, checkpoint }));
    await settled();
    expect(kept).toContain(nameOf());
  } finally {
    await world.close();
  }
});

const goings = fc.array(
  fc.record({ turns: fc.integer({ min: 0, max: 60 }), how: fc.constantFrom('dies', 'stops', 'shares') }),
  { maxLength: 6 },
);

it('what the log names is there at every moment, however its runners go', () =>
  fc.assert(
    fc.asyncProperty(goings, fc.boolean(), fc.boolean(), async (plan, isCanceled, isDeaf) => {
      const world = await createJobWorld();
      const { kept, options, nameOf } = keeping(world, isDeaf);
      let isWatched = true;
      const watch = (async () => {
        while (isWatched) {
          const name = nameOf();
          if (name !== undefined) expect(kept).toContain(name);
          await settled(1);
        }
      })();
      try {
        await world.tell(world.request('j-1', { spec: { to: 60 } }));
        let deaths = 0;
        for (const { turns, how } of plan) {
          const runner = await world.start(options);
          await settled(turns);
          if (how === 'dies' && deaths < 2) {
            await runner.kill();
            deaths += 1;
          } else if (how === 'stops') await runner.stop();
        }
        await world.start(options);
        if (isCanceled) await world.tell(aJobCanceled(world.cause('j-1')));
        await until(hasEnded(world));
        await settled();
        if (nameOf() !== undefined) expect(kept).toContain(nameOf());
      } finally {
        isWatched = false;
        await watch.finally(() => world.close());
      }
    }),
    { numRuns: 40 },
  ));
