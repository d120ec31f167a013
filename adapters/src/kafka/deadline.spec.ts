import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { BrokerSilent, withDeadline } from './deadline.ts';
import { failureOf } from './kafka-failure.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('gives up what is never answered, as a request that timed out and may be sent again', async () => {
  const given = withDeadline(100, new Promise(() => {})).catch((error: unknown) => error);
  await vi.advanceTimersByTimeAsync(100);
  const error = await given;
  expect(error).toBeInstanceOf(BrokerSilent);
  expect(failureOf(error)).toMatchObject({ passing: true, timedOut: true });
});

it('passes on answers and failures, and leaves no timer behind', async () => {
  expect(await withDeadline(100, Promise.resolve(7))).toBe(7);
  await expect(withDeadline(100, Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(vi.getTimerCount()).toBe(0);
});
