import type { PartitionBacklog } from '@hindcast/domain';
import { doorHeader, encode, TOPICS } from '@hindcast/domain';
import { createMemoryBacklogBoard } from '@hindcast/domain/in-memory';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { startBacklogReporter } from './backlog-reporter.ts';
import { startInferenceWorker } from './inference-worker.ts';
import { startKeeper } from './keeper.ts';
import { createWorkerWorld, until, type WorkerWorld } from './testing/worker-world.ts';

let world: WorkerWorld;
const running: { stop(): Promise<void> }[] = [];
const keep = <Part extends { stop(): Promise<void> }>(part: Part): Part => {
  running.push(part);
  return part;
};

/** Asks through a door. */
const askAt = async (door: string, ...models: string[]) => {
  const records = models.map((model) => encode(world.requested({ model })));
  await world.log.append(
    TOPICS.predictions,
    records.map((record) => ({ ...record, headers: { ...record.headers, [doorHeader]: door } })),
  );
};
const sumsOf = (reports: readonly PartitionBacklog[]) => {
  const doors: Record<string, number> = {};
  const models: Record<string, number> = {};
  for (const report of reports) {
    for (const { door, open } of report.doors) doors[door] = (doors[door] ?? 0) + open;
    for (const { door, model, open } of report.models) {
      models[`${door} ${model}`] = (models[`${door} ${model}`] ?? 0) + open;
    }
  }
  return { open: reports.reduce((sum, { open }) => sum + open, 0), doors, models };
};

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'], now: 1_700_000_000_000 });
  world = await createWorkerWorld();
});
afterEach(async () => {
  for (const part of running.splice(0).reverse()) await part.stop();
  await world.close();
  vi.useRealTimers();
});

describe('backlog reporter', () => {
  it('tells what is open by the door that accepted it, up to where the keeper has folded', async () => {
    const board = createMemoryBacklogBoard();
    const keeper = keep(await startKeeper(world.ports, { group: 'keepers' }));
    keep(startBacklogReporter({ board, keeper, identity: world.identity }));
    await askAt('d-1', 'a', 'a', 'b');
    await askAt('d-2', 'a');
    await world.ask({ model: 'a' });
    await keeper.whenCaughtUp();
    await vi.advanceTimersByTimeAsync(200);
    const { partitions } = await board.read();
    expect(sumsOf(partitions)).toEqual({
      open: 5,
      doors: { 'd-1': 3, 'd-2': 1 },
      models: { 'd-1 a': 2, 'd-1 b': 1, 'd-2 a': 1 },
    });
    const ends = await world.log.bounds(TOPICS.predictions);
    expect(partitions.map(({ next }) => next)).toEqual(ends.map(({ end }) => end));
    await vi.advanceTimersByTimeAsync(120_000);
    await until(() => keeper.open() === 0);
    await vi.advanceTimersByTimeAsync(200);
    expect(sumsOf((await board.read()).partitions)).toEqual({ open: 0, doors: {}, models: {} });
  });

  it('says nothing of a partition before it knows its past', async () => {
    await world.ask({}, {}, {}, {});
    const inner = world.log;
    let release = () => {};
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    const log: typeof inner = {
      ...inner,
      consume: (subscription, handlers) =>
        inner.consume(subscription, {
          ...handlers,
          async onBatch(batch) {
            await held;
            await handlers.onBatch(batch);
          },
        }),
    };
    const keeper = keep(await startKeeper({ ...world.ports, log }, { group: 'keepers' }));
    await until(() => keeper.stats().partitions === 2);
    expect(keeper.backlogs()).toEqual([]);
    release();
    await keeper.whenCaughtUp();
    expect(sumsOf(keeper.backlogs())).toEqual({ open: 4, doors: {}, models: {} });
  });

  it('lists the largest where there are many models, and says how many the others have at most', async () => {
    const board = createMemoryBacklogBoard();
    const keeper = keep(await startKeeper(world.ports, { group: 'keepers' }));
    await askAt('d-1', ...Array.from({ length: 1_100 }, (_, i) => `m-${i}`), ...Array<string>(40).fill('much'));
    await keeper.whenCaughtUp();
    await board.reportPartitions(keeper.backlogs());
    for (const { models, unlistedMax } of (await board.read()).partitions) {
      expect([models.length, models[0]?.model, unlistedMax]).toEqual([500, 'much', 1]);
    }
  });

  it('tells changes at once and repeats the rest, and goes on when the board was away', async () => {
    const backlog = { logId: 'l', epoch: 0, partition: 0, open: 0, doors: [], models: [], unlistedMax: 0 };
    let next = 1;
    const told: number[] = [];
    let away = false;
    keep(
      startBacklogReporter({
        board: {
          ...createMemoryBacklogBoard(),
          async reportPartitions(reports) {
            if (away) throw new Error('The board is away.');
            told.push(...reports.map((report) => report.next));
          },
        },
        keeper: { backlogs: () => [{ ...backlog, next }] },
        identity: world.identity,
      }),
    );
    await vi.advanceTimersByTimeAsync(1_900);
    expect(told).toEqual([1]);
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toEqual([1, 1]);
    away = true;
    next = 2;
    await vi.advanceTimersByTimeAsync(1_000);
    away = false;
    await vi.advanceTimersByTimeAsync(200);
    expect(told).toEqual([1, 1, 2]);
  });

  it('tells what waits for a version whose cost is known, and leaves when it stops', async () => {
    const board = createMemoryBacklogBoard();
    const digest = await world.register('double');
    const worker = keep(await startInferenceWorker(world.ports, { group: 'workers' }));
    const reporter = startBacklogReporter({ board, worker, identity: world.identity });
    await world.ask({});
    await worker.whenCaughtUp();
    await until(() => worker.stats().rows === 1 && worker.open() === 0);
    await vi.advanceTimersByTimeAsync(200);
    const [before] = (await board.read()).workers;
    expect([before?.waits, before?.knows]).toEqual([[], [digest]]);
    await vi.advanceTimersByTimeAsync(2_200);
    expect((await board.read()).workers[0]?.beat).toBeGreaterThan(before?.beat ?? 0);
    await reporter.stop();
    expect((await board.read()).workers).toEqual([]);
  });
});
