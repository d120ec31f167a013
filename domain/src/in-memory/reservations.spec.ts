import { expect, it } from 'vitest';
import { reservationsContract } from '../contracts/reservations-contract.ts';
import { createMemoryReservations } from './reservations.ts';

reservationsContract('in memory', async () => {
  let time = 1_000;
  return {
    reservations: createMemoryReservations({ now: () => time, ttlMs: 50, keptMs: 1_000 }),
    async outliveSilent() {
      time += 50;
    },
    async outlive() {
      time += 1_000;
    },
  };
});

it('lets the oldest claims go when there are too many, and says that some were lost', async () => {
  const reservations = createMemoryReservations({ now: () => 1_000, entriesMax: 2 });
  for (const key of ['a', 'b', 'c']) await reservations.reserve(key, 'claim', 'hash');
  expect(await reservations.reserve('c', 'another', 'other')).toMatchObject({ held: true });
  expect(await reservations.reserve('a', 'another', 'other')).toEqual({
    held: false,
    sure: true,
    wholeSince: expect.any(Number),
  });
});
