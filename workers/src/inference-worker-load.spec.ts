import { aModelPaused } from '@hindcast/domain/testing';
import { afterEach, describe, expect, it } from 'vitest';
import { type InferenceWorker, startInferenceWorker } from './inference-worker.ts';
import { openSetMaxOf } from './partition-desks.ts';
import {
  answering,
  createWorkerWorld,
  doubling,
  rowsOf,
  scalarSignature,
  settled,
  until,
  type WorkerWorld,
} from './testing/worker-world.ts';

let world: WorkerWorld;
let worker: InferenceWorker;
const work = async (options = {}) => {
  worker = await startInferenceWorker(world.ports, { group: 'workers', ...options });
  await worker.whenCaughtUp();
};
afterEach(async () => {
  await worker.stop();
  await world.close();
});

describe('inference worker, under load', () => {
  it('does not let the flood of a slow model delay a fast one', async () => {
    world = await createWorkerWorld({ slots: 2 });
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await world.register('slow', async (inputs) => {
      await gate;
      return doubling(inputs);
    });
    await world.register('double');
    await work();
    await world.ask(...Array.from({ length: 500 }, (_, i) => ({ id: `s-${i}`, model: 'slow', x: i })));
    await until(() => worker.open() === 500);
    await world.ask(...Array.from({ length: 100 }, (_, i) => ({ id: `f-${i}`, x: i })));
    await until(() => worker.stats().rows === 101 && worker.open() === 500);
    const states = await world.states();
    for (let i = 0; i < 100; i++) expect(states.get(`f-${i}`)).toMatchObject({ status: 'succeeded' });
    release();
    await until(() => worker.open() === 0);
  });

  it('answers other models behind as many open predictions of a paused one as a door lets in', async () => {
    world = await createWorkerWorld({ slots: 2, partitions: 2 });
    await world.register('held');
    await world.register('double');
    await world.tell(aModelPaused({ name: 'held' }));
    await world.catalog.catchUp();
    const acceptedMax = 5_000;
    await work({ openMax: openSetMaxOf(acceptedMax) });
    await world.ask(...Array.from({ length: acceptedMax }, (_, x) => ({ model: 'held', x })), { id: 'fine', x: 4 });
    await until(() => worker.stats().rows === 1 && worker.open() === acceptedMax);
    expect((await world.states()).get('fine')).toMatchObject({ output: { y: 8 } });
    expect(worker.stats().paused).toBe(0);
  });

  it('gives a model with a fixed batch dimension one row at a time, whatever its settings say', async () => {
    world = await createWorkerWorld({ slots: 1 });
    const sizes: (number | undefined)[] = [];
    const model: typeof doubling = (inputs) => {
      sizes.push(inputs[0]?.shape[0]);
      return doubling(inputs);
    };
    const signature = {
      ...scalarSignature,
      inputs: scalarSignature.inputs.map((input) => ({ ...input, shape: [1] })),
    };
    await world.register('fixed', model, { signature, batchMax: 64 });
    await work();
    await world.ask(...Array.from({ length: 40 }, (_, i) => ({ id: `p-${i}`, model: 'fixed', x: i })));
    await until(() => worker.stats().rows === 40 && worker.open() === 0);
    expect(new Set(sizes)).toEqual(new Set([1]));
    const states = await world.states();
    for (let i = 0; i < 40; i++) expect(states.get(`p-${i}`)).toMatchObject({ output: { y: 2 * i } });
  });

  it('takes high priority first within a model', async () => {
    world = await createWorkerWorld({ slots: 1 });
    const order: number[] = [];
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    await world.register('ordered', async (inputs) => {
      const xs = rowsOf(inputs).map(([x = 0]) => x);
      if (xs.includes(0)) await gate;
      order.push(...xs);
      return answering(xs);
    });
    await work();
    await world.ask({ model: 'ordered', x: 0 });
    await until(() => worker.stats().rows === 1);
    const priorities = ['low', 'normal', 'high'] as const;
    await world.ask(...[1, 2, 3, 4, 5, 6].map((x) => ({ model: 'ordered', x, priority: priorities[x % 3] ?? 'low' })));
    await until(() => worker.stats().queued === 6);
    release();
    await until(() => worker.open() === 0);
    expect(new Set(order.slice(1, 3))).toEqual(new Set([2, 5]));
    expect(new Set(order.slice(5))).toEqual(new Set([3, 6]));
  });

  it('pauses a full partition and goes on when there is room', async () => {
    world = await createWorkerWorld({ slots: 2, partitions: 2 });
    await world.register('double', async (inputs) => {
      await settled(1);
      return doubling(inputs);
    });
    await work({ openMax: 200 });
    const count = 5_000;
    for (let from = 0; from < count; from += 500) {
      await world.ask(...Array.from({ length: 500 }, (_, i) => ({ id: `p-${from + i}`, x: from + i })));
    }
    let most = 0;
    let paused = 0;
    await until(() => {
      most = Math.max(most, worker.open());
      paused = Math.max(paused, worker.stats().paused);
      return worker.stats().rows === count && worker.open() === 0;
    }, 200_000);
    expect(paused).toBeGreaterThan(0);
    // Two shares, each overshot by at most one batch of the log.
    expect(most).toBeLessThanOrEqual(200 + 2 * 500);
    expect([...(await world.states()).values()].every((state) => state.status === 'succeeded')).toBe(true);
  });

  it('tells how long a new prediction would wait', async () => {
    world = await createWorkerWorld({ slots: 2 });
    let release = () => {};
    let gate: Promise<void> | undefined;
    const sha256 = await world.register('double', async (inputs) => {
      await new Promise((resolve) => setTimeout(resolve, 1));
      await gate;
      return doubling(inputs);
    });
    const waitMs = (model: string, version: number, digest = sha256) =>
      worker.expectedWaitMs('default', model, { version, sha256: digest });
    await work();
    expect(waitMs('double', 1)).toBe(0);
    await world.ask(...Array.from({ length: 20 }, (_, x) => ({ x })));
    await until(() => worker.stats().rows === 20 && worker.open() === 0);
    expect(waitMs('double', 1)).toBe(0);
    gate = new Promise((resolve) => {
      release = resolve;
    });
    await world.ask(...Array.from({ length: 100 }, (_, x) => ({ x })));
    await until(() => worker.open() === 100);
    expect(waitMs('double', 1)).toBeGreaterThan(0);
    // The same file under another name, or as another version, is another queue.
    expect(waitMs('other', 1)).toBe(0);
    expect(waitMs('double', 2)).toBe(0);
    expect(waitMs('double', 1, 'f'.repeat(64))).toBe(0);
    release();
    await until(() => worker.open() === 0);
  });

  it('handles the fifty-thousandth open prediction as fast as the first', async () => {
    world = await createWorkerWorld({ slots: 1, partitions: 4 });
    let release = () => {};
    const gate = new Promise<void>((resolve) => {
      release = resolve;
    });
    let first = true;
    await world.register('double', async (inputs) => {
      if (first) await gate;
      first = false;
      return doubling(inputs);
    });
    await work({ openMax: 1_000_000, runMsMax: 1e9 });
    const fill = async (from: number) => {
      const asks = Array.from({ length: 10_000 }, (_, i) => world.requested({ id: `p-${from + i}`, x: i }));
      const startedAt = process.cpuUsage();
      await world.tell(...asks);
      await until(() => worker.open() === from + asks.length, 1_000_000);
      const { user, system } = process.cpuUsage(startedAt);
      return (user + system) / asks.length;
    };
    const perEventUs: number[] = [];
    for (let from = 0; from < 50_000; from += 10_000) perEventUs.push(await fill(from));
    release();
    await until(() => worker.open() === 0, 1_000_000);
    expect(perEventUs[4] ?? 0).toBeLessThan(4 * Math.max(...perEventUs.slice(0, 2)));
    expect(worker.stats()).toMatchObject({ open: 0, queued: 0, payloadBytes: 0 });
  }, 30_000);
});
