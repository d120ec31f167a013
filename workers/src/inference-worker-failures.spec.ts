import { SimulatedCrash } from '@hindcast/domain/in-memory';
import { aModelPaused, aModelResumed, aPredictionCanceled } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type InferenceWorker, startInferenceWorker } from './inference-worker.ts';
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
let worker: InferenceWorker;
const open = () => worker.open();
const work = async (options = {}, ports = {}) => {
  worker = await startInferenceWorker({ ...world.ports, ...ports }, { group: 'workers', runMsMax: 1e9, ...options });
  await worker.whenCaughtUp();
};
/** A model that learned its cost line, so that its next run is a batch of all that waits behind `hold`. */
const gatedModel = async (name: string, judge: (x: number) => void, settings = {}) => {
  let gate = Promise.resolve();
  let release = () => {};
  await world.register(
    name,
    async (inputs) => {
      await gate;
      const rows = rowsOf(inputs).map(([x = 0]) => x);
      for (const x of rows) judge(x);
      return answering(rows.map((x) => 2 * x));
    },
    settings,
  );
  return {
    hold() {
      gate = new Promise((resolve) => {
        release = resolve;
      });
    },
    release: () => release(),
  };
};
/** Runs the xs as one batch: they gather while a first run is held. */
const asOneBatch = async (model: string, gate: { hold(): void; release(): void }, xs: readonly number[]) => {
  await world.ask({ id: 'warm', model, x: 0 });
  await until(() => worker.stats().rows === 1 && open() === 0);
  gate.hold();
  await world.ask({ id: 'front', model, x: 0 });
  await until(() => worker.stats().rows === 2);
  await world.ask(...xs.map((x) => ({ id: `x-${x}`, model, x })));
  await until(() => worker.stats().queued === xs.length);
  gate.release();
};
const numbers = (from: number, count: number) => Array.from({ length: count }, (_, i) => from + i);

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  world = await createWorkerWorld({ slots: 1 });
});
afterEach(async () => {
  await worker.stop();
  await world.close();
  vi.useRealTimers();
});

describe('inference worker, when runs fail', () => {
  it('fails one bad row alone', async () => {
    const gate = await gatedModel('picky', (x) => {
      if (x === 13) throw new Error('thirteen is refused');
    });
    await work();
    await asOneBatch('picky', gate, numbers(10, 10));
    await until(() => open() === 0);
    const states = await world.states();
    expect(states.get('x-13')).toMatchObject({
      status: 'failed',
      error: { code: 'inference_rejected', detail: 'thirteen is refused' },
    });
    for (const x of numbers(10, 10)) if (x !== 13) expect(states.get(`x-${x}`)).toMatchObject({ output: { y: 2 * x } });
    expect(world.appends.flat()).not.toContain('PredictionAttemptStarted');
  });

  it('finds the culprit of a crash in a batch of ten, and its mates succeed', async () => {
    const gate = await gatedModel('fragile', (x) => {
      if (x === 13) throw new SimulatedCrash('killed');
    });
    await work();
    await asOneBatch('fragile', gate, numbers(10, 10));
    await until(() => open() === 0);
    const states = await world.states();
    for (const x of numbers(10, 10)) {
      const mate = { status: 'succeeded', output: { y: 2 * x }, attempts: 2, provenance: { batchSize: 1 } };
      const culprit = { status: 'failed', error: { code: 'model_crashed', detail: 'killed' }, attempts: 3 };
      expect(states.get(`x-${x}`)).toMatchObject(x === 13 ? culprit : mate);
    }
    const reasons = (await world.events()).flatMap((e) => (e.type === 'PredictionAttemptStarted' ? e.data.reason : []));
    expect(new Set(reasons)).toEqual(new Set(['runtime_crashed']));
    expect(worker.stats()).toMatchObject({ crashes: 3, quarantines: 0 });
  });

  it('quarantines a model whose predictions keep crashing, and serves it again when it is resumed', async () => {
    const digest = await world.register('killer');
    await world.register('double');
    world.runtime.misbehave(digest, 'crash');
    await work();
    await world.ask(...numbers(0, 12).map((x) => ({ id: `k-${x}`, model: 'killer', x })), { id: 'fine', x: 4 });
    await until(() => worker.stats().quarantines > 0 && open() === 0);
    const codes = [...(await world.states())].flatMap(([, s]) => ('error' in s ? (s.error?.code ?? []) : []));
    expect(codes.filter((code) => code === 'model_crashed')).toHaveLength(5);
    expect(codes.filter((code) => code === 'model_quarantined')).toHaveLength(7);
    expect((await world.states()).get('fine')).toMatchObject({ status: 'succeeded' });
    expect(world.catalog.version('default', 'killer', 1)?.state).toBe('quarantined');
    world.runtime.misbehave(digest, undefined);
    await world.tell(aModelResumed({ name: 'killer', eventId: 'resumed' }));
    await world.catalog.catchUp();
    const rows = worker.stats().rows;
    await world.ask({ id: 'later', model: 'killer', x: 4 });
    await until(() => worker.stats().rows > rows && open() === 0);
    expect((await world.states()).get('later')).toMatchObject({ status: 'succeeded' });
  });

  it('fails what runs too long alone, after its batch ran too long', async () => {
    let slow = true;
    await world.register('slow', (inputs) => (slow ? new Promise<never>(() => {}) : doubling(inputs)), {
      timeoutMs: 2_500,
    });
    const warn = vi.fn();
    await work({}, { logger: { debug() {}, info() {}, warn, error() {} } });
    await world.ask({ id: 'a', model: 'slow' });
    await until(() => worker.stats().running === 1);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => world.appends.flat().includes('PredictionAttemptStarted'));
    expect((await world.states()).get('a')).toMatchObject({ status: 'running', attempts: 1 });
    await vi.advanceTimersByTimeAsync(1_500);
    await until(() => open() === 0);
    expect((await world.states()).get('a')).toMatchObject({ status: 'failed', error: { code: 'inference_timed_out' } });
    expect(worker.stats().crashes).toBe(1);
    const detail = 'The run took more than 2500 ms.';
    const told = [{ model: 'default/slow@1', rows: 1, detail }, 'a run took its inference process down'];
    expect(warn.mock.calls).toEqual([told]);
    expect(world.appends.flat().filter((type) => type === 'PredictionAttemptStarted')).toHaveLength(1);
    slow = false;
    await world.ask({ id: 'b', model: 'slow' });
    await until(() => worker.stats().rows === 2 && open() === 0);
    expect((await world.states()).get('b')).toMatchObject({ status: 'succeeded' });
  });

  it('fails the work of a model that does not load', async () => {
    const digest = await world.register('broken');
    world.runtime.misbehave(digest, 'load_failed');
    await work();
    await world.ask({ id: 'a', model: 'broken' });
    await until(() => worker.stats().rows === 1 && open() === 0);
    expect((await world.states()).get('a')).toMatchObject({ status: 'failed', error: { code: 'model_load_failed' } });
  });

  it('waits for a model that is not known yet, and lets other models pass', async () => {
    await world.register('double');
    await work();
    const missing = world.identity.sha256('missing');
    await world.tell(
      world.requested({ id: 'early', model: 'missing', sha256: missing, x: 1 }),
      world.requested({ id: 'fine', x: 2 }),
    );
    await until(() => worker.stats().rows >= 1 && open() === 1);
    await world.register('missing', doubling);
    await vi.advanceTimersByTimeAsync(200);
    await until(() => open() === 0);
    const states = await world.states();
    expect(states.get('fine')).toMatchObject({ output: { y: 4 } });
    expect(states.get('early')).toMatchObject({ output: { y: 2 } });
  });

  it('waits for a file that is not there yet', async () => {
    const digest = await world.register('late', undefined, { timeoutMs: 1_000 });
    const run = vi.spyOn(world.runtime, 'run');
    run.mockResolvedValue({ ok: false, reason: 'artifact_missing', detail: 'not here' });
    await work();
    await world.ask({ id: 'a', model: 'late', x: 3 });
    await until(() => run.mock.calls.length === 1);
    for (let i = 0; i < 10; i++) await vi.advanceTimersByTimeAsync(200);
    expect(run.mock.calls.length).toBeGreaterThan(2);
    expect(run.mock.calls.length).toBeLessThan(8);
    run.mockRestore();
    for (let i = 0; i < 10; i++) await vi.advanceTimersByTimeAsync(200);
    await until(() => open() === 0);
    expect(world.runtime.runs(digest)).toBe(1);
    expect((await world.states()).get('a')).toMatchObject({ output: { y: 6 } });
  });

  it('never starts what is past its deadline, and leaves its end to the keeper', async () => {
    const digest = await world.register('double');
    await world.tell(aModelPaused({ name: 'double' }));
    await world.catalog.catchUp();
    await work();
    await world.ask({ id: 'held', deadlineMs: 500 }, { id: 'later', deadlineMs: 50_000 });
    await until(() => worker.stats().queued === 2);
    await settled();
    expect(world.runtime.runs(digest)).toBe(0);
    await vi.advanceTimersByTimeAsync(600);
    await until(() => open() === 1);
    await world.tell(aModelResumed({ name: 'double' }));
    await world.catalog.catchUp();
    await vi.advanceTimersByTimeAsync(200);
    await until(() => open() === 0);
    expect(world.runtime.runs(digest)).toBe(1);
    const states = await world.states();
    expect(states.get('held')).toMatchObject({ status: 'queued' });
    expect(states.get('later')).toMatchObject({ status: 'succeeded' });
  });

  it('takes what is canceled out of the queue, and drops the result of what was canceled while it ran', async () => {
    const gate = await gatedModel('gated', () => {});
    await work();
    gate.hold();
    await world.ask({ id: 'running', model: 'gated' });
    await until(() => worker.stats().rows === 1);
    await world.ask({ id: 'queued', model: 'gated' });
    await until(() => worker.stats().queued === 1);
    for (const id of ['running', 'queued']) {
      await world.tell(aPredictionCanceled({ id, eventId: `cancel-${id}`, cause: `request-${id}` }));
    }
    await until(() => open() === 0);
    gate.release();
    await until(() => worker.stats().running === 0);
    await settled();
    expect(worker.stats().rows).toBe(1);
    expect(world.appends).toEqual([]);
  });

  it('keeps results while the log is away, and appends them when it is back', async () => {
    await world.register('double');
    await work();
    world.refuseAppends(3);
    await world.ask({ id: 'a', x: 2 });
    await until(() => worker.stats().unwritten === 1);
    await settled();
    expect(open()).toBe(1);
    for (let i = 0; i < 3; i++) await vi.advanceTimersByTimeAsync(5_000);
    await until(() => open() === 0);
    expect(worker.stats().rows).toBe(1);
    expect((await world.states()).get('a')).toMatchObject({ output: { y: 4 } });
  });
});
