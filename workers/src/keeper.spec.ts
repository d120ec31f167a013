import { TOPICS } from '@hindcast/domain';
import { anImportedPrediction, aPredictionCanceled, aPredictionFailed } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startKeeper } from './keeper.ts';
import { openSetMaxOf } from './partition-desks.ts';
import { createWorkerWorld, settled, until, type WorkerWorld } from './testing/worker-world.ts';

let world: WorkerWorld;
const running: { stop(): Promise<void> }[] = [];
const keep = async (options = {}, ports = {}) => {
  const keeper = await startKeeper({ ...world.ports, ...ports }, { group: 'keepers', ...options });
  running.push(keeper);
  await keeper.whenCaughtUp();
  return keeper;
};
const expiries = () => world.appends.flat().filter((type) => type === 'PredictionExpired').length;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  world = await createWorkerWorld();
});
afterEach(async () => {
  for (const part of running.splice(0)) await part.stop();
  await world.close();
  vi.useRealTimers();
});

describe('keeper', () => {
  it('expires on time, in order, once, with no worker alive', async () => {
    const keeper = await keep();
    await world.ask({ id: 'b', deadlineMs: 2_000 }, { id: 'a', deadlineMs: 1_000 }, { id: 'c', deadlineMs: 90_000 });
    await keeper.whenCaughtUp();
    await vi.advanceTimersByTimeAsync(999);
    await settled();
    expect(expiries()).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    await until(() => expiries() === 1);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => expiries() === 2);
    await vi.advanceTimersByTimeAsync(60_000);
    const states = await world.states();
    expect(states.get('a')).toMatchObject({ status: 'expired', endedAt: 1_700_000_001_000 });
    expect(states.get('b')).toMatchObject({ status: 'expired' });
    expect(states.get('c')).toMatchObject({ status: 'queued' });
    expect(expiries()).toBe(2);
  });

  it('says what held up that which it expires, asking once for each version', async () => {
    const heldBy = vi.fn(async ({ model }: { model: string }) => {
      if (model === 'other') throw new Error('Nobody knows.');
      return model === 'hanging' ? new Promise<never>(() => {}) : 'The file is missing.';
    });
    await keep({}, { heldBy });
    await world.ask({ id: 'a', deadlineMs: 1_000 }, { id: 'b', deadlineMs: 1_000 });
    await world.ask({ id: 'c', deadlineMs: 1_000, model: 'other' }, { id: 'd', deadlineMs: 1_000, model: 'hanging' });
    await vi.advanceTimersByTimeAsync(3_000);
    await until(() => expiries() === 4);
    const states = await world.states();
    const told = 'The prediction had not ended 1000 ms after it was accepted.';
    for (const id of ['a', 'b']) {
      expect(states.get(id)).toMatchObject({
        error: { code: 'deadline_exceeded', detail: `${told} The file is missing.` },
      });
    }
    for (const id of ['c', 'd']) expect(states.get(id)).toMatchObject({ error: { detail: told } });
    expect(heldBy.mock.calls.map(([{ model }]) => model).sort()).toEqual(['double', 'hanging', 'other']);
  });

  it('leaves alone what was imported, and ends what an import left without an end, once its time is up', async () => {
    await world.tell(...anImportedPrediction({ id: 'whole' }), ...anImportedPrediction({ id: 'half' }).slice(0, 1));
    const keeper = await keep();
    expect(keeper.open()).toBe(1);
    await vi.advanceTimersByTimeAsync(604_800_000);
    await until(() => expiries() === 1);
    const states = await world.states();
    expect(states.get('whole')).toMatchObject({ status: 'succeeded' });
    expect(states.get('half')).toMatchObject({ status: 'expired' });
  });

  it('tells of every end once, and of none that was there before it had the partition', async () => {
    const told: string[] = [];
    const onEnded = (model: string, outcome: string) => told.push(`${model} ${outcome}`);
    const ask = (id: string) => world.ask({ id, deadlineMs: 90_000 });
    const cancel = (id: string) =>
      world.tell(aPredictionCanceled({ id, cause: `request-${id}`, eventId: `end-${id}` }));
    for (const id of ['before', 'a', 'b']) await ask(id);
    await cancel('before');
    await world.tell(...anImportedPrediction({ id: 'imported' }).slice(0, 1));
    const keeper = await keep({}, { onEnded });
    await world.tell(...anImportedPrediction({ id: 'imported' }).slice(1));
    await cancel('a');
    await cancel('a');
    await world.tell(aPredictionFailed({ id: 'b', cause: 'request-b', eventId: 'end-b' }));
    await world.ask({ id: 'c', deadlineMs: 1_000, model: 'other' });
    await keeper.whenCaughtUp();
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => expiries() === 1);
    await keeper.whenCaughtUp();
    const expected = ['double canceled', 'double failed', 'other expired'];
    expect(told.toSorted()).toEqual(expected);
    await keeper.stop();
    const next = await keep({}, { onEnded });
    await next.whenCaughtUp();
    expect(told.toSorted()).toEqual(expected);
  });

  it('leaves alone what has ended, also what ended before it came', async () => {
    await world.ask({ id: 'a', deadlineMs: 1_000 }, { id: 'b', deadlineMs: 1_000 });
    await world.tell(aPredictionCanceled({ id: 'a', cause: 'request-a' }));
    await vi.advanceTimersByTimeAsync(5_000);
    const keeper = await keep();
    await vi.advanceTimersByTimeAsync(1);
    await until(() => expiries() === 1);
    await world.ask({ id: 'c', deadlineMs: 1_000 });
    await world.tell(aPredictionCanceled({ id: 'c', cause: 'request-c', eventId: 'cancel-c' }));
    await keeper.whenCaughtUp();
    await vi.advanceTimersByTimeAsync(5_000);
    await settled();
    expect((await world.states()).get('b')).toMatchObject({ status: 'expired' });
    expect(expiries()).toBe(1);
  });

  it('expires a thousand at once in one append', async () => {
    const keeper = await keep();
    await world.ask(...Array.from({ length: 500 }, () => ({ deadlineMs: 1_000 })));
    await keeper.whenCaughtUp();
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => expiries() === 500);
    expect(world.appends).toHaveLength(1);
  });

  it('tries again while the log is away', async () => {
    const keeper = await keep();
    await world.ask({ id: 'a', deadlineMs: 1_000 });
    await keeper.whenCaughtUp();
    world.refuseAppends(3);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(expiries()).toBe(0);
    for (let i = 0; i < 3; i++) await vi.advanceTimersByTimeAsync(5_000);
    await until(() => expiries() === 1);
  });

  it('expires nothing while its clock is behind the log, and says so', async () => {
    const error = vi.fn();
    const logger = { debug() {}, info() {}, warn() {}, error };
    let behindMs = 60_000;
    const identity = { ...world.identity, now: () => Date.now() - behindMs };
    const keeper = await keep({}, { identity, logger });
    await world.ask({ id: 'a', deadlineMs: 1_000 });
    await keeper.whenCaughtUp();
    expect(error).toHaveBeenCalledTimes(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(expiries()).toBe(0);
    behindMs = 0;
    await vi.advanceTimersByTimeAsync(60_000);
    await until(() => expiries() === 1);
  });

  it('goes on when it is full: it looks for the ends of what it holds behind the place where it stopped', async () => {
    const keeper = await keep({ openMax: 20 });
    const ids = Array.from({ length: 1_200 }, (_, i) => `p-${i}`);
    await world.ask(...ids.map((id) => ({ id, deadlineMs: 1_000 })));
    for (const id of ids)
      if (id !== 'p-7') await world.tell(aPredictionCanceled({ id, cause: `request-${id}`, eventId: `c-${id}` }));
    await settled();
    for (let i = 0; i < 20; i++) {
      await vi.advanceTimersByTimeAsync(1_000);
      await settled(20);
    }
    await keeper.whenCaughtUp();
    expect((await world.states()).get('p-7')).toMatchObject({ status: 'expired' });
    expect(expiries()).toBe(1);
  });

  it('counts what is open, of each model and of all, until it has ended', async () => {
    const keeper = await keep();
    await world.ask(
      { id: 'a' },
      { id: 'b', deadlineMs: 1_000 },
      { id: 'c', model: 'other' },
      { id: 'd', tenant: 't2' },
    );
    await keeper.whenCaughtUp();
    const counts = () => [
      keeper.open(),
      keeper.openOf('default', 'double'),
      keeper.openOf('default', 'other'),
      keeper.openOf('t2', 'double'),
    ];
    expect(counts()).toEqual([4, 2, 1, 1]);
    const ends = await world.ports.log.bounds(TOPICS.predictions);
    expect(ends.map(({ partition }) => keeper.countedTo(partition))).toEqual(ends.map(({ end }) => end));
    await world.tell(aPredictionCanceled({ id: 'a', cause: 'request-a' }));
    await keeper.whenCaughtUp();
    expect(counts()).toEqual([3, 1, 1, 1]);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => expiries() === 1);
    await keeper.whenCaughtUp();
    expect(counts()).toEqual([2, 0, 1, 1]);
    await world.tell(aPredictionCanceled({ id: 'c', cause: 'request-c', eventId: 'cancel-c' }));
    await keeper.whenCaughtUp();
    expect(counts()).toEqual([1, 0, 0, 1]);
  });

  it('has room for everything that a door lets in, in however few partitions it falls', async () => {
    const acceptedMax = 5_000;
    const keeper = await keep({ openMax: openSetMaxOf(acceptedMax) });
    await world.ask(...Array.from({ length: acceptedMax }, () => ({ deadlineMs: 90_000 })), { deadlineMs: 1_000 });
    await keeper.whenCaughtUp();
    expect(keeper.open()).toBe(acceptedMax + 1);
    expect(keeper.stats().paused).toBe(0);
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => expiries() === 1);
  });

  it('says once what to do when a partition must be paused', async () => {
    const warn = vi.fn();
    const keeper = await keep({ openMax: 20 }, { logger: { debug() {}, info() {}, warn, error() {} } });
    await world.ask(...Array.from({ length: 1_200 }, () => ({ deadlineMs: 90_000 })));
    await until(() => keeper.stats().paused === 2);
    expect(warn).toHaveBeenCalledTimes(1);
    expect(warn.mock.calls[0]).toMatchObject([{ openMax: 20 }, expect.stringContaining('accept fewer at once')]);
  });

  it('takes over from another keeper without repeating it', async () => {
    const first = await keep();
    await world.ask({ id: 'a', deadlineMs: 1_000 }, { id: 'b', deadlineMs: 5_000 });
    await first.whenCaughtUp();
    await vi.advanceTimersByTimeAsync(1_000);
    await until(() => expiries() === 1);
    await first.whenCaughtUp();
    await first.stop();
    await keep();
    await vi.advanceTimersByTimeAsync(4_000);
    await until(() => expiries() === 2);
    const states = await world.states();
    expect([states.get('a')?.status, states.get('b')?.status]).toEqual(['expired', 'expired']);
  });
});
