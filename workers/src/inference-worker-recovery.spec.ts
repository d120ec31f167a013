import { SimulatedCrash } from '@hindcast/domain/in-memory';
import { aPredictionAttemptStarted, aPredictionSucceeded } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startInferenceWorker } from './inference-worker.ts';
import {
  answering,
  createWorkerWorld,
  doubling,
  rowsOf,
  settled,
  until,
  type WorkerWorld,
} from './testing/worker-world.ts';

let world: WorkerWorld;
const running: { stop(): Promise<void> }[] = [];
const work = async (options = {}) => {
  const worker = await startInferenceWorker(world.ports, { group: 'workers', ...options });
  running.push(worker);
  return worker;
};
const attemptsIn = async () =>
  (await world.events()).flatMap((e) =>
    e.type === 'PredictionAttemptStarted' ? [`${e.subject} ${e.data.attempt} ${e.data.reason}`] : [],
  );

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  world = await createWorkerWorld({ slots: 2, partitions: 1 });
});
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
  await world.close();
  vi.useRealTimers();
});

describe('inference worker, when it takes over', () => {
  it('tells the log of an attempt before it runs what was open already', async () => {
    await world.register('double');
    await world.ask({ id: 'a', x: 1 }, { id: 'b', x: 2 }, { id: 'done' });
    await world.tell(aPredictionSucceeded({ id: 'done', cause: 'request-done' }));
    const worker = await work();
    await worker.whenCaughtUp();
    await until(() => worker.open() === 0);
    await world.ask({ id: 'fresh', x: 4 });
    await until(() => worker.stats().rows === 3 && worker.open() === 0);
    expect(await attemptsIn()).toEqual(['a 1 recovered', 'b 1 recovered']);
    const order = (await world.events()).filter((e) => e.subject === 'a').map((e) => e.type);
    expect(order).toEqual(['PredictionRequested', 'PredictionAttemptStarted', 'PredictionSucceeded']);
    expect((await world.states()).get('fresh')).toMatchObject({ output: { y: 8 } });
  });

  it('fails what was started three times and never ended', async () => {
    const digest = await world.register('double');
    await world.ask({ id: 'a' });
    for (const attempt of [1, 2, 3]) {
      await world.tell(aPredictionAttemptStarted({ id: 'a', cause: 'request-a', eventId: `t-${attempt}`, attempt }));
    }
    const worker = await work();
    await worker.whenCaughtUp();
    await until(() => worker.open() === 0);
    expect(world.runtime.runs(digest)).toBe(0);
    expect((await world.states()).get('a')).toMatchObject({ status: 'failed', error: { code: 'attempts_exhausted' } });
  });

  it('survives a prediction that kills its workers: the third attempt is its last, and all others succeed', async () => {
    // A run with x = 13 never ends; the worker is then abandoned, as if its container had died.
    let lethal = false;
    await world.register('lethal', (inputs) => {
      const xs = rowsOf(inputs).map(([x = 0]) => x);
      if (xs.includes(13)) {
        lethal = true;
        return new Promise<never>(() => {});
      }
      return lethal ? new Promise<never>(() => {}) : answering(xs.map((x) => 2 * x));
    });
    await world.ask(...Array.from({ length: 20 }, (_, i) => ({ id: `x-${i}`, model: 'lethal', x: i })));
    let lives = 0;
    for (let done = false; !done && lives < 10; lives++) {
      lethal = false;
      const dead = { ...world.ports, log: { ...world.log } };
      const worker = await startInferenceWorker(dead, { group: 'workers', stopMsMax: 0 });
      await worker.whenCaughtUp();
      await settled(300);
      done = worker.open() === 0;
      // Nothing that it still had in hand reaches the log.
      dead.log.append = async (_, records) => records.map(() => ({ ok: false, error: new Error('dead') as never }));
      const stopped = worker.stop();
      await vi.advanceTimersByTimeAsync(10);
      await stopped;
    }
    const states = await world.states();
    for (let i = 0; i < 20; i++) {
      const expected = i === 13 ? { status: 'failed', attempts: 3 } : { status: 'succeeded', output: { y: 2 * i } };
      expect(states.get(`x-${i}`)).toMatchObject(expected);
    }
    expect(lives).toBeLessThanOrEqual(5);
  });

  it('runs what killed a worker before alone, and its last attempt without anything beside it', async () => {
    const batches: number[][] = [];
    let beside = 0;
    let atOnce = 0;
    await world.register('watched', async (inputs) => {
      const xs = rowsOf(inputs).map(([x = 0]) => x);
      batches.push(xs);
      atOnce += 1;
      if (xs.includes(2)) beside = Math.max(beside, atOnce);
      await settled(3);
      if (xs.includes(2)) beside = Math.max(beside, atOnce);
      atOnce -= 1;
      return answering(xs);
    });
    await world.ask(...[0, 1, 2, 3, 4, 5].map((x) => ({ id: `x-${x}`, model: 'watched', x })));
    const attempt = (x: number, n: number) =>
      aPredictionAttemptStarted({ id: `x-${x}`, cause: `request-x-${x}`, eventId: `t-${x}-${n}`, attempt: n });
    await world.tell(attempt(1, 1), attempt(2, 1), attempt(2, 2));
    const worker = await work();
    await worker.whenCaughtUp();
    await until(() => worker.open() === 0);
    expect(batches.filter((xs) => xs.includes(1) || xs.includes(2)).map((xs) => xs.length)).toEqual([1, 1]);
    expect(beside).toBe(1);
  });

  it('knows of attempts that lie behind a full set', async () => {
    const digest = await world.register('double');
    await world.ask(...Array.from({ length: 1_200 }, (_, i) => ({ id: `p-${i}`, x: i })));
    for (const id of ['p-3', 'p-900']) {
      for (const attempt of [1, 2, 3]) {
        await world.tell(
          aPredictionAttemptStarted({ id, cause: `request-${id}`, eventId: `${id}-${attempt}`, attempt }),
        );
      }
    }
    const worker = await work({ openMax: 100, runMsMax: 1e9 });
    await worker.whenCaughtUp();
    await until(() => worker.open() === 0 && worker.stats().unwritten === 0);
    const states = await world.states();
    for (let i = 0; i < 1_200; i++) {
      const failed = i === 3 || i === 900;
      expect(states.get(`p-${i}`)).toMatchObject(failed ? { status: 'failed' } : { output: { y: 2 * i } });
    }
    expect(world.runtime.runs(digest)).toBeGreaterThan(0);
  });

  it('stops under load without losing accepted work: what it has not ended, its successor ends', async () => {
    await world.register('double', async (inputs) => {
      await settled(2);
      return doubling(inputs);
    });
    const first = await work();
    await first.whenCaughtUp();
    const ids = Array.from({ length: 300 }, (_, i) => `p-${i}`);
    await world.ask(...ids.map((id, i) => ({ id, x: i })));
    await until(() => first.stats().rows > 20);
    await first.stop();
    expect(first.stats()).toMatchObject({ running: 0, unwritten: 0 });
    const halfway = [...(await world.states()).values()].filter((state) => state.status === 'succeeded').length;
    expect(halfway).toBeLessThan(300);
    expect(halfway).toBe(first.stats().rows);
    const second = await work();
    await second.whenCaughtUp();
    await until(() => second.open() === 0);
    expect(first.stats().rows + second.stats().rows).toBe(300);
    const states = await world.states();
    for (const [i, id] of ids.entries()) expect(states.get(id)).toMatchObject({ output: { y: 2 * i } });
  });

  it('hands its partitions over without running anything of them any more', async () => {
    world = await createWorkerWorld({ slots: 1, partitions: 4 });
    await world.register('double');
    const first = await work();
    await first.whenCaughtUp();
    const second = await work();
    await until(() => first.stats().partitions === 2 && second.stats().partitions === 2);
    await world.ask(...Array.from({ length: 100 }, (_, i) => ({ id: `p-${i}`, x: i })));
    await until(() => first.stats().rows + second.stats().rows === 100 && first.open() + second.open() === 0);
    expect((await world.events()).filter((event) => event.type === 'PredictionSucceeded')).toHaveLength(100);
  });

  it('reads inputs again that did not fit into its memory', async () => {
    await world.register('double');
    const worker = await work({ payloadBytesMax: 3_000 });
    await worker.whenCaughtUp();
    await world.ask(...Array.from({ length: 50 }, (_, i) => ({ id: `p-${i}`, x: i })));
    await until(() => worker.stats().rows === 50 && worker.open() === 0);
    expect(worker.stats().payloadBytes).toBe(0);
    for (let i = 0; i < 50; i++) expect((await world.states()).get(`p-${i}`)).toMatchObject({ output: { y: 2 * i } });
  });

  it('does not count a crash of the child against the company of a batch', async () => {
    await world.register('fragile', (inputs) => {
      const xs = rowsOf(inputs).map(([x = 0]) => x);
      if (xs.includes(7)) throw new SimulatedCrash('killed');
      return answering(xs);
    });
    await world.ask(...Array.from({ length: 10 }, (_, i) => ({ id: `x-${i}`, model: 'fragile', x: i })));
    const worker = await work({ runMsMax: 1e9 });
    await worker.whenCaughtUp();
    await until(() => worker.open() === 0);
    const states = [...(await world.states()).values()].map((state) => state.status);
    expect(states.filter((status) => status === 'succeeded')).toHaveLength(9);
  });
});
