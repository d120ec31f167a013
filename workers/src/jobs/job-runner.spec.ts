import { isEndedJob, JobFailure, type JobHandler } from '@hindcast/domain';
import { aJobCanceled, aJobStarted } from '@hindcast/domain/testing';
import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { counting, createJobWorld, type JobWorld } from '../testing/job-world.ts';
import { settled, until } from '../testing/worker-world.ts';

const using = async (test: (world: JobWorld) => Promise<void>, options?: { partitions?: number }) => {
  const world = await createJobWorld(options);
  try {
    await test(world);
  } finally {
    await world.close();
  }
};
const hasEnded = (world: JobWorld, id: string) => () => {
  const state = world.job(id);
  return state !== undefined && isEndedJob(state);
};
const typesOf = async (world: JobWorld, id: string) =>
  (await world.events()).filter(({ subject }) => subject === id).map(({ type }) => type);

/** Runs until it is told to end, or aborted. */
const heldHandler = () => {
  const running = new Set<string>();
  let endAll = () => {};
  const told = new Promise<void>((resolve) => {
    endAll = resolve;
  });
  const handler: JobHandler = async ({ id }, { signal }) => {
    running.add(id);
    try {
      await Promise.race([
        told,
        new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
      ]);
      return {};
    } finally {
      running.delete(id);
    }
  };
  return { handler, running, end: () => endAll() };
};

describe('a job runner', () => {
  it('runs what it has a handler for, and passes over other kinds', () =>
    using(async (world) => {
      await world.tell(world.request('j-1', { spec: { to: 5 } }), world.request('j-2', { kind: 'other' }));
      const runner = await world.start();
      await until(hasEnded(world, 'j-1'));
      await runner.whenCaughtUp();
      expect(world.job('j-1')).toMatchObject({
        status: 'succeeded',
        attempts: 1,
        result: { counted: 5, from: 0 },
        progress: { done: 5, total: 5, unit: 'steps' },
      });
      expect(world.job('j-2')).toMatchObject({ status: 'queued' });
      expect(runner.stats()).toEqual({ open: 0, running: 0 });
    }));

  it('ends a job whose handler throws, with its code, and logs as an error only what was not foreseen', () =>
    using(async (world) => {
      const [warn, error] = [vi.fn(), vi.fn()];
      const handlers = {
        refuse: async () => Promise.reject(new JobFailure('no_rows', 'There is nothing to cut.')),
        break: async () => Promise.reject(new Error('It broke.')),
        talk: async () => ({ text: 'x'.repeat(20_000) }),
      };
      await world.start({ handlers }, { debug() {}, info() {}, warn, error });
      await world.tell(...['refuse', 'break', 'talk'].map((kind) => world.request(kind, { kind })));
      for (const id of ['refuse', 'break', 'talk']) await until(hasEnded(world, id));
      const errors = ['refuse', 'break', 'talk']
        .map((id) => world.job(id))
        .map((state) => state && 'error' in state && state.error);
      expect(errors).toMatchObject([
        { code: 'no_rows' },
        { code: 'job_failed', detail: 'It broke.' },
        { code: 'result_too_large' },
      ]);
      const refused = {
        job: 'refuse',
        kind: 'refuse',
        attempt: 1,
        code: 'no_rows',
        detail: 'There is nothing to cut.',
      };
      expect(warn.mock.calls).toContainEqual([refused, 'A job failed.']);
      expect(error.mock.calls).toMatchObject([[{ job: 'break', err: { message: 'It broke.' } }, 'A job failed.']]);
    }));

  it('runs no more at once than it may, the oldest first', () =>
    using(async (world) => {
      const { handler, running, end } = heldHandler();
      await world.start({ handlers: { count: handler }, concurrency: 2 });
      await world.tell(...['a', 'b', 'c', 'd'].map((id) => world.request(id)));
      await until(() => running.size === 2);
      await settled();
      expect(running.size).toBe(2);
      end();
      for (const id of ['a', 'b', 'c', 'd']) await until(hasEnded(world, id));
    }));

  it('tells of progress no more often than it may, and always the last of it', () =>
    using(async (world) => {
      await world.start({ progressMs: 60_000 });
      await world.tell(world.request('j-1', { spec: { to: 200 } }));
      await until(hasEnded(world, 'j-1'));
      const told = (await typesOf(world, 'j-1')).filter((type) => type === 'JobProgressed');
      expect(told).toHaveLength(2);
      expect(world.job('j-1')).toMatchObject({ progress: { done: 200 } });
    }));

  it('runs nothing before it has read what the log held when it came', () =>
    using(
      async (world) => {
        let ran = 0;
        await world.tell(
          world.request('j-1'),
          ...Array.from({ length: 1_200 }, (_, at) => world.request(`other-${at}`, { kind: 'other' })),
        );
        await world.tell(aJobCanceled(world.cause('j-1')));
        const runner = await world.start({ handlers: { count: async () => ({ ran: ++ran }) } });
        await runner.whenCaughtUp();
        await settled();
        expect(ran).toBe(0);
        expect(await typesOf(world, 'j-1')).toEqual(['JobRequested', 'JobCanceled']);
      },
      { partitions: 1 },
    ));

  it('runs a request once that was sent twice', () =>
    using(async (world) => {
      let ran = 0;
      await world.start({ handlers: { count: async () => ({ ran: ++ran }) } });
      await world.tell(world.request('j-1'), { ...world.request('j-1'), id: 'again' });
      await until(hasEnded(world, 'j-1'));
      await world.tell({ ...world.request('j-1'), id: 'and again' });
      await settled();
      expect(ran).toBe(1);
    }));
});

describe('a job whose runner goes', () => {
  it('is given back by a runner that stops, and goes on at its checkpoint elsewhere', () =>
    using(async (world) => {
      const first = await world.start();
      await world.tell(world.request('j-1', { spec: { to: 2_000 } }));
      await until(() => Number(world.job('j-1')?.progress?.done) > 50);
      await first.stop();
      expect(world.job('j-1')).toMatchObject({ status: 'queued', attempts: 1, lost: 0 });
      await world.start();
      await until(hasEnded(world, 'j-1'));
      const state = world.job('j-1');
      expect(state).toMatchObject({ status: 'succeeded', attempts: 2, lost: 0, result: { counted: 2_000 } });
      expect(state && 'result' in state && state.result?.['from']).toBeGreaterThan(50);
    }));

  it('is given back within a bound, whatever its handler does', () =>
    using(async (world) => {
      const deaf: JobHandler = () => new Promise(() => {});
      const runner = await world.start({ handlers: { count: deaf }, stopMsMax: 20 });
      await world.tell(world.request('j-1'));
      await until(() => world.job('j-1')?.status === 'running');
      await runner.stop();
      await until(() => world.job('j-1')?.status === 'queued');
    }));

  it('goes on with whoever gets its partition, and its first runner lets go of it', () =>
    using(async (world) => {
      const { handler, running } = heldHandler();
      const ids = Array.from({ length: 9 }, (_, at) => `j-${at}`);
      await world.start({ handlers: { count: handler }, concurrency: 9, runnerId: 'first' });
      await world.tell(...ids.map((id) => world.request(id)));
      await until(() => running.size === 9);
      await world.start({ handlers: { count: handler }, concurrency: 9, runnerId: 'second' });
      const runnersOf = () => ids.map((id) => world.job(id)).map((state) => state && 'runner' in state && state.runner);
      await until(() => runnersOf().includes('second') && running.size === 9);
      await until(() => runnersOf().every((runner) => runner === 'first' || runner === 'second'));
      expect(new Set(runnersOf())).toEqual(new Set(['first', 'second']));
      expect(ids.map((id) => world.job(id)?.lost)).toEqual(ids.map(() => 0));
    }));

  it('is left to the one whose claim came first, for as long as that may not know that it has lost the partition', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] });
    try {
      await using(async (world) => {
        const { handler, running, end } = heldHandler();
        const runner = await world.start({ handlers: { count: handler } });
        await runner.whenCaughtUp();
        await world.tell(world.request('j-1'), aJobStarted({ ...world.cause('j-1'), runner: 'zombie', attempt: 1 }));
        await settled();
        expect(running.size).toBe(0);
        expect(world.job('j-1')).toMatchObject({ status: 'running', runner: 'zombie' });
        await vi.advanceTimersByTimeAsync(5_000);
        await until(() => running.size === 1);
        expect(world.job('j-1')).toMatchObject({ status: 'running', attempts: 2, lost: 1 });
        end();
        await until(hasEnded(world, 'j-1'));
      });
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('a cancel', () => {
  it('ends the handler of a job that runs', () =>
    using(async (world) => {
      const { handler, running } = heldHandler();
      const runner = await world.start({ handlers: { count: handler } });
      await world.tell(world.request('j-1'));
      await until(() => running.size === 1);
      await world.tell(aJobCanceled(world.cause('j-1')));
      await until(() => running.size === 0 && runner.stats().running === 0);
      expect(world.job('j-1')?.status).toBe('canceled');
      expect(await typesOf(world, 'j-1')).toEqual(['JobRequested', 'JobStarted', 'JobCanceled']);
    }));

  it('that races with the end wins or loses for everybody', () =>
    fc.assert(
      fc.asyncProperty(fc.integer({ min: 0, max: 30 }), (turns) =>
        using(async (world) => {
          await world.start();
          await world.tell(world.request('j-1', { spec: { to: 5 } }));
          await settled(turns);
          await world.tell(aJobCanceled(world.cause('j-1')));
          await until(hasEnded(world, 'j-1'));
          await settled();
          const ends = (await typesOf(world, 'j-1')).filter((type) => /Succeeded|Canceled|Failed/.test(type));
          expect(world.job('j-1')?.status).toBe(ends[0] === 'JobCanceled' ? 'canceled' : 'succeeded');
        }),
      ),
      { numRuns: 31 },
    ));
});

describe('runners that stop and die at any moment', () => {
  const goings = fc.array(fc.record({ turns: fc.integer({ min: 0, max: 60 }), dies: fc.boolean() }), { maxLength: 6 });

  it('bring every job to one end, from its checkpoints', () =>
    fc.assert(
      fc.asyncProperty(goings, (plan) =>
        using(async (world) => {
          const ids = ['a', 'b', 'c', 'd', 'e'];
          await world.tell(...ids.map((id) => world.request(id, { spec: { to: 40 } })));
          let deaths = 0;
          for (const { turns, dies } of plan) {
            const runner = await world.start();
            await settled(turns);
            // Not more often than a job may be lost.
            if (dies && deaths < 2) await runner.kill();
            else await runner.stop();
            if (dies) deaths += 1;
          }
          const two = await Promise.all([world.start(), world.start()]);
          for (const id of ids) await until(hasEnded(world, id));
          for (const id of ids) expect(world.job(id)).toMatchObject({ status: 'succeeded', result: { counted: 40 } });
          await settled();
          expect(two.map((runner) => runner.stats())).toEqual(two.map(() => ({ open: 0, running: 0 })));
        }),
      ),
      { numRuns: 25 },
    ));

  it('share the partitions, so that each job runs in one of them', () =>
    using(async (world) => {
      const ran: string[] = [];
      const noting =
        (name: string): JobHandler =>
        async (job, run) => {
          ran.push(`${job.id} in ${name}`);
          return counting(job, run);
        };
      const ids = Array.from({ length: 20 }, (_, at) => `j-${at}`);
      await world.start({ handlers: { count: noting('first') } });
      await world.start({ handlers: { count: noting('second') } });
      await settled();
      await world.tell(...ids.map((id) => world.request(id, { spec: { to: 3 } })));
      for (const id of ids) await until(hasEnded(world, id));
      expect(ran).toHaveLength(20);
      expect(new Set(ran.map((line) => line.split(' in ')[1]))).toEqual(new Set(['first', 'second']));
    }));
});
