import { type Claim, claimKeptMs, claimMs, type Reservations } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDoorReservations } from './door-reservations.ts';

let alone = false;
let sure = true;
let mayClaimAlone = false;
let unseenUntil = Number.NEGATIVE_INFINITY;
let knownAt = 0;
let wholeSince: number | undefined;
let reservations: Reservations;
const free = { held: false, sure: true } as const;

beforeEach(() => {
  vi.useFakeTimers();
  [alone, sure, mayClaimAlone] = [false, true, false];
  unseenUntil = Number.NEGATIVE_INFINITY;
  [knownAt, wholeSince] = [performance.now(), undefined];
  const inner = createMemoryReservations({ now: () => 0 });
  const seenByAll = {
    ...inner,
    reserve: async (key: string, token: string, hash: string): Promise<Claim> => {
      const claim = await inner.reserve(key, token, hash);
      const lost = wholeSince === undefined ? undefined : { wholeSince };
      return alone ? { ...claim, sure: false, alone } : { ...claim, ...lost };
    },
  };
  reservations = createDoorReservations(
    seenByAll,
    { knownAt: () => knownAt },
    { sure: () => sure, unseenUntil: () => unseenUntil, mayClaimAlone: () => mayClaimAlone },
  );
});
afterEach(() => void vi.useRealTimers());

it('gives a claim that is sure where no door claims alone', async () => {
  expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toEqual(free);
  expect(await reservations.accept('t/a', 'claim-1', '{}')).toBe(true);
});

it('is not sure where another door may claim alone, and accepts nothing then, but knows what was accepted before', async () => {
  await reservations.reserve('t/before', 'claim-1', 'hash-1');
  await reservations.accept('t/before', 'claim-1', '{}');
  await reservations.reserve('t/a', 'claim-1', 'hash-1');
  sure = false;
  expect(await reservations.accept('t/a', 'claim-1', '{}')).toBe(false);
  expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: true, sure: false });
  expect(await reservations.reserve('t/b', 'claim-1', 'hash-1')).toEqual({ held: false, sure: false });
  expect(await reservations.reserve('t/before', 'claim-2', 'hash-2')).toMatchObject({ held: true, sure: true });
});

it('is not sure where the view is so late that claims on what it does not know may have been forgotten', async () => {
  vi.advanceTimersByTime(claimKeptMs - claimMs - 1);
  expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toEqual(free);
  vi.advanceTimersByTime(1);
  expect(await reservations.reserve('t/b', 'claim-1', 'hash-1')).toEqual({ held: false, sure: false });
  expect(await reservations.accept('t/a', 'claim-1', '{}')).toBe(false);
  knownAt = performance.now();
  expect(await reservations.reserve('t/c', 'claim-1', 'hash-1')).toEqual(free);
});

it('is not sure until the view knows what was appended under claims that were lost', async () => {
  wholeSince = performance.now();
  knownAt = wholeSince + claimMs;
  expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({ held: false, sure: false });
  knownAt += 1;
  expect(await reservations.reserve('t/b', 'claim-1', 'hash-1')).toMatchObject({ held: false, sure: true });
});

it('waits for the claims that all see, and takes one of them', async () => {
  alone = true;
  const asked = reservations.reserve('t/a', 'claim-1', 'hash-1');
  await vi.advanceTimersByTimeAsync(300);
  alone = false;
  await vi.advanceTimersByTimeAsync(200);
  expect(await asked).toEqual(free);
});

it('claims alone once the other doors know', async () => {
  alone = true;
  const asked = reservations.reserve('t/a', 'claim-1', 'hash-1');
  await vi.advanceTimersByTimeAsync(300);
  mayClaimAlone = true;
  await vi.advanceTimersByTimeAsync(200);
  expect(await asked).toEqual({ held: false, sure: false, alone: true });
});

it('refuses where nobody can be told, and leaves nothing claimed', async () => {
  alone = true;
  const asked = reservations.reserve('t/a', 'claim-1', 'hash-1').catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(6_000);
  expect(await asked).toMatchObject({ code: 'claims-unavailable' });
  alone = false;
  expect(await reservations.reserve('t/a', 'claim-2', 'hash-2')).toEqual(free);
});

it('is not sure until the view knows what others may have accepted where it could not be seen', async () => {
  knownAt = performance.now();
  unseenUntil = knownAt;
  expect(await reservations.reserve('t/a', 'claim-1', 'hash-1')).toEqual({ held: false, sure: false });
  expect(await reservations.accept('t/a', 'claim-1', '{}')).toBe(false);
  vi.advanceTimersByTime(1_000);
  knownAt = performance.now();
  expect(await reservations.reserve('t/b', 'claim-2', 'hash-1')).toEqual(free);
});
