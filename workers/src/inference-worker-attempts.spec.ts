import { SimulatedCrash } from '@hindcast/domain/in-memory';
import { aModelPaused, aModelResumed, aPredictionAttemptStarted } from '@hindcast/domain/testing';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type InferenceWorker, startInferenceWorker } from './inference-worker.ts';
import { answering, createWorkerWorld, rowsOf, settled, until, type WorkerWorld } from './testing/worker-world.ts';

let world: WorkerWorld;
let worker: InferenceWorker;
/** How often each x was in a run. */
let runs: Map<number, number>;

const work = async (options = {}) => {
  worker = await startInferenceWorker(world.ports, { group: 'workers', runMsMax: 1e9, ...options });
  await worker.whenCaughtUp();
};
/** A model whose run ends as `judge` has it, told the row and how many rows run with it. */
const registerJudged = (judge: (x: number, company: number) => void) =>
  world.register('judged', (inputs) => {
    const xs = rowsOf(inputs).map(([x = 0]) => x);
    for (const x of xs) runs.set(x, (runs.get(x) ?? 0) + 1);
    for (const x of xs) judge(x, xs.length);
    return answering(xs.map((x) => 2 * x));
  });
const told = async (id: string) =>
  (await world.events()).flatMap((event) =>
    event.subject === id && event.type === 'PredictionAttemptStarted'
      ? [`${event.data.attempt} ${event.data.reason}`]
      : [],
  );
const ask = (...xs: readonly number[]) => world.ask(...xs.map((x) => ({ id: `x-${x}`, model: 'judged', x })));
/** All of them wait when the first is picked, and the cost of a run is known: they are one batch. */
const asOneBatch = async (...xs: readonly number[]) => {
  await ask(0);
  await until(() => worker.stats().rows === 1 && worker.open() === 0);
  await world.tell(aModelPaused({ name: 'judged', eventId: 'paused' }));
  await world.catalog.catchUp();
  await ask(...xs);
  await until(() => worker.stats().queued === xs.length);
  await world.tell(aModelResumed({ name: 'judged', eventId: 'resumed' }));
  await world.catalog.catchUp();
  await vi.advanceTimersByTimeAsync(1_000);
  await until(() => worker.open() === 0);
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  world = await createWorkerWorld({ slots: 1 });
  runs = new Map();
});
afterEach(async () => {
  await worker.stop();
  await world.close();
  vi.useRealTimers();
});

describe('attempts', () => {
  it('of what kills its process alone are three: the first is not announced, the others are', async () => {
    await registerJudged((x) => {
      if (x === 13) throw new SimulatedCrash('killed');
    });
    await work();
    await ask(13);
    await until(() => worker.stats().rows > 0 && worker.open() === 0);
    expect(runs.get(13)).toBe(3);
    expect(await told('x-13')).toEqual(['2 runtime_crashed', '3 runtime_crashed']);
    expect((await world.states()).get('x-13')).toMatchObject({
      status: 'failed',
      attempts: 3,
      error: { code: 'model_crashed' },
    });
  });

  it('of what kills its process in company are three as well, and its mates have two', async () => {
    await registerJudged((x) => {
      if (x === 13) throw new SimulatedCrash('killed');
    });
    await work();
    await asOneBatch(12, 13, 14);
    expect([12, 13, 14].map((x) => runs.get(x))).toEqual([2, 3, 2]);
    expect(await told('x-13')).toEqual(['2 runtime_crashed', '3 runtime_crashed']);
    const states = await world.states();
    expect(states.get('x-13')).toMatchObject({ status: 'failed', attempts: 3 });
    for (const id of ['x-12', 'x-14']) expect(states.get(id)).toMatchObject({ status: 'succeeded', attempts: 2 });
  });

  it('of a run that was refused in company count too', async () => {
    await registerJudged((x, company) => {
      if (company > 1) throw new Error('refused');
      if (x === 13) throw new SimulatedCrash('killed');
    });
    await work();
    await asOneBatch(12, 13);
    expect([12, 13].map((x) => runs.get(x))).toEqual([2, 3]);
    expect(await told('x-13')).toEqual(['3 runtime_crashed']);
    expect((await world.states()).get('x-13')).toMatchObject({ status: 'failed', attempts: 3 });
  });

  it('that the log knows of go on counting after a restart', async () => {
    await registerJudged(() => {
      throw new SimulatedCrash('killed');
    });
    await ask(13);
    await world.tell(aPredictionAttemptStarted({ id: 'x-13', cause: 'request-x-13', eventId: 't', attempt: 1 }));
    await work();
    await until(() => worker.open() === 0);
    expect(runs.get(13)).toBe(2);
    expect(await told('x-13')).toEqual(['1 long_running', '2 recovered', '3 runtime_crashed']);
    expect((await world.states()).get('x-13')).toMatchObject({ status: 'failed', attempts: 3 });
  });

  it('count once where the log gives them back before it answers', async () => {
    const { append } = world.log;
    world.log.append = async (topic, records) => {
      const outcomes = await append(topic, records);
      await settled(5);
      return outcomes;
    };
    await registerJudged(() => {
      throw new SimulatedCrash('killed');
    });
    await work();
    await ask(13);
    await until(() => worker.stats().rows > 0 && worker.open() === 0);
    expect(runs.get(13)).toBe(3);
    expect(await told('x-13')).toEqual(['2 runtime_crashed', '3 runtime_crashed']);
  });

  it('count once where the run was told of because it took long', async () => {
    let release = () => {};
    await world.register('judged', async () => {
      runs.set(13, (runs.get(13) ?? 0) + 1);
      if (runs.get(13) === 1) {
        await new Promise<void>((resolve) => {
          release = resolve;
        });
      }
      throw new SimulatedCrash('killed');
    });
    await work();
    await ask(13);
    await until(() => worker.stats().running === 1);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => world.appends.flat().includes('PredictionAttemptStarted'));
    release();
    await until(() => worker.open() === 0);
    expect(runs.get(13)).toBe(3);
    expect(await told('x-13')).toEqual(['1 long_running', '2 runtime_crashed', '3 runtime_crashed']);
  });

  it('are never more than three, whatever each run comes to', async () => {
    const ends = fc.array(fc.constantFrom('crash', 'crash', 'refuse', 'answer'), { minLength: 1, maxLength: 8 });
    await work();
    let made = 0;
    await fc.assert(
      fc.asyncProperty(ends, fc.integer({ min: 1, max: 4 }), async (plan, rows) => {
        const name = `m-${made++}`;
        const seen = new Map<number, number>();
        let at = 0;
        await world.register(name, (inputs) => {
          const xs = rowsOf(inputs).map(([x = 0]) => x);
          for (const x of xs) seen.set(x, (seen.get(x) ?? 0) + 1);
          const end = plan[at++ % plan.length];
          if (end === 'crash') throw new SimulatedCrash('killed');
          if (end === 'refuse') throw new Error('refused');
          return answering(xs);
        });
        await world.catalog.catchUp();
        await world.ask(...Array.from({ length: rows }, (_, x) => ({ id: `${name}-${x}`, model: name, x })));
        await until(() => seen.size === rows && worker.open() === 0);
        const states = await world.states();
        for (const [x, count] of seen) {
          expect(count).toBeLessThanOrEqual(3);
          const state = states.get(`${name}-${x}`);
          if (state?.status === 'failed' && state.error?.code === 'model_crashed') {
            expect([count, state.attempts]).toEqual([3, 3]);
          }
        }
      }),
      { numRuns: 40 },
    );
  });
});
