import type { Checkpoint, PartitionBounds } from '@hindcast/domain';
import { beforeEach, expect, it } from 'vitest';
import { createViewTimes } from './view-progress.ts';

let now = 0;
let ends: readonly number[] = [];
let next: readonly number[] = [];
let times = createViewTimes(() => now);
const of = { logId: 'log', epoch: 1 };

beforeEach(() => {
  now = 0;
  times = createViewTimes(() => now);
});

const look = async (): Promise<number> => {
  now += 1_000;
  const bounds = ends.map((end, partition): PartitionBounds => ({ ...of, partition, start: 0, end }));
  const checkpoints = next.map((one, partition): Checkpoint => ({ ...of, partition, next: one }));
  await times.look(
    async () => bounds,
    async () => checkpoints,
  );
  return times.knownAt();
};

it('is the last look at whose end the view has arrived, in every partition', async () => {
  [ends, next] = [
    [3, 5],
    [3, 4],
  ];
  expect(await look()).toBe(Number.NEGATIVE_INFINITY);
  [ends, next] = [
    [9, 9],
    [8, 5],
  ];
  expect(await look()).toBe(1_000);
  [ends, next] = [
    [9, 9],
    [8, 9],
  ];
  expect(await look()).toBe(1_000);
  next = [9, 9];
  expect(await look()).toBe(4_000);
});

it('stays where a view stands still, or has nothing of some partition', async () => {
  [ends, next] = [[1], [1]];
  expect(await look()).toBe(1_000);
  ends = [2];
  for (let at = 0; at < 1_000; at++) await look();
  expect(times.knownAt()).toBe(1_000);
  times = createViewTimes(() => now);
  [ends, next] = [[2, 1], [2]];
  expect(await look()).toBe(Number.NEGATIVE_INFINITY);
  next = [2, 1];
  expect(await look()).toBe(now);
});

it('stays where the log or the view does not answer', async () => {
  [ends, next] = [[1], [1]];
  await look();
  now += 1_000;
  const silent = async () => {
    throw new Error('There is no answer.');
  };
  await expect(times.look(silent, async () => [])).rejects.toThrow();
  await expect(times.look(async () => [], silent)).rejects.toThrow();
  expect(times.knownAt()).toBe(1_000);
});

it('is nothing once a store has lost what the view had, until it has it again', async () => {
  [ends, next] = [[5], [5]];
  expect(await look()).toBe(1_000);
  next = [];
  expect(await look()).toBe(Number.NEGATIVE_INFINITY);
  next = [5];
  expect(await look()).toBe(now);
});
