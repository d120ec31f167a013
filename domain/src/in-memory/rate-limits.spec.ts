import { expect, it } from 'vitest';
import { rateLimitsContract } from '../contracts/rate-limits-contract.ts';
import { createMemoryRateLimits } from './rate-limits.ts';

rateLimitsContract('in memory', async () => {
  let time = 1_000;
  const limits = createMemoryRateLimits({ now: () => time });
  return {
    limits,
    other: limits,
    async outlive(windowMs) {
      time += windowMs;
    },
  };
});

it('forgets the oldest windows when there are too many callers', async () => {
  const limits = createMemoryRateLimits({ now: () => 1_000, entriesMax: 2 });
  const limit = { limit: 1, windowMs: 1_000 };
  for (const key of ['a', 'b', 'c']) await limits.take(key, 1, limit);
  expect(await limits.take('c', 1, limit)).toMatchObject({ allowed: false });
  expect(await limits.take('a', 1, limit)).toMatchObject({ allowed: true });
});
