import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createFarewellPatience } from './farewell-patience.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = new Promise(() => {});

it('waits for twenty members of a broker that hangs no longer than eight seconds, and in full once one got through', async () => {
  const { within } = createFarewellPatience();
  const waited = async (work: Promise<unknown>) => {
    const startedAt = Date.now();
    const how = within(work);
    await vi.runAllTimersAsync();
    return { how: await how, ms: Date.now() - startedAt };
  };
  expect(await waited(never)).toEqual({ how: 'late', ms: 3_000 });
  let ms = 3_000;
  for (let member = 2; member <= 20; member += 1) ms += (await waited(never)).ms;
  expect(ms).toBeLessThan(8_000);
  expect(await waited(Promise.resolve())).toMatchObject({ how: 'done' });
  expect(await waited(never)).toEqual({ how: 'late', ms: 3_000 });
});

it('is one for all that leave at the same time, and halved once for what they try next', async () => {
  const { within } = createFarewellPatience();
  const ends: number[] = [];
  const startedAt = Date.now();
  const leaving = Array.from({ length: 6 }, async () => {
    for (let attempt = 1; attempt <= 2; attempt++) {
      await within(never);
      ends.push(Date.now() - startedAt);
    }
  });
  await vi.runAllTimersAsync();
  await Promise.all(leaving);
  expect(ends).toEqual([...new Array(6).fill(3_000), ...new Array(6).fill(4_500)]);
});
