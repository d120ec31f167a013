import { setTimeout as pause } from 'node:timers/promises';
import { openEnds } from '@hindcast/adapters/http';
import type { Checkpoint, PartitionBounds } from '@hindcast/domain';
import { beforeEach, expect, it } from 'vitest';
import { createViewPassing } from './view-passing.ts';

const of = { logId: 'log', epoch: 0 };
let ends: readonly number[] = [];
let next: readonly number[] = [];
let looks = 0;
let failure: Error | undefined;
let waits = openEnds(100);
let passing: () => Promise<void>;

beforeEach(() => {
  [ends, next, looks, failure] = [[5, 5], [5, 5], 0, undefined];
  waits = openEnds(100);
  passing = createViewPassing(
    {
      log: { bounds: async () => ends.map((end, partition): PartitionBounds => ({ ...of, partition, start: 1, end })) },
      views: {
        async checkpoints() {
          looks += 1;
          if (failure) throw failure;
          return next.map((one, partition): Checkpoint => ({ ...of, partition, next: one }));
        },
      },
    },
    { outcomeWaitMs: 500, viewPollMs: 5 },
    waits,
  );
});
it('is at once where the view knows all partitions', async () => {
  await passing();
  expect([looks, waits.count]).toEqual([1, 0]);
});

it('is when the view comes to where the log ended, not where it ends by then; all who wait share the looks', async () => {
  next = [5, 3];
  const order: string[] = [];
  const first = passing().then(() => order.push('first'));
  const others = Array.from({ length: 20 }, passing);
  await pause(50);
  ends = [5, 9];
  const second = passing().then(() => order.push('second'));
  await pause(50);
  next = [5, 5];
  await first;
  expect(order).toEqual(['first']);
  await Promise.all(others);
  // Each by itself would have looked some hundred times together.
  expect(looks).toBeLessThan(60);
  next = [5, 9];
  await Promise.all([first, second]);
  const before = looks;
  await pause(50);
  expect(looks).toBe(before);
});

it('is given up after its time, when the store fails, and when the server closes', async () => {
  next = [];
  const late = passing().catch((error: unknown) => error);
  expect(await late).toMatchObject({ code: 'view-behind' });
  failure = new Error('The store is away.');
  await expect(passing()).rejects.toThrow('The store is away.');
  failure = undefined;
  const open = passing().catch((error: unknown) => error);
  await pause(50);
  waits.close();
  await pause(50);
  expect(await open).toMatchObject({ code: 'view-behind' });
  expect(waits.count).toBe(0);
});
