import { expect, it } from 'vitest';
import { createHeldRequests } from './held-requests.ts';

it('gives a request to the success that names it, once', () => {
  const held = createHeldRequests(100);
  expect(held.hold('a', '1', 'line a')).toBe(true);
  expect(held.take('b', '1')).toBeUndefined();
  expect(held.take('a', '2')).toBeUndefined();
  expect(held.take('a', '1')).toBe('line a');
  expect(held.take('a', '1')).toBeUndefined();
});

it('keeps the first request of a key, and takes no second one', () => {
  const held = createHeldRequests(100);
  held.hold('a', '1', 'first');
  expect(held.hold('a', '1', 'second')).toBe(false);
  expect(held.take('a', '1')).toBe('first');
});

it('lets the oldest go where they are too long together, however long one is, and all at the end, in their order', () => {
  const held = createHeldRequests(10);
  for (const key of ['a', 'b', 'c']) held.hold(key, '1', key.repeat(4));
  expect(held.takeSurplus()).toBe('aaaa');
  expect(held.takeSurplus()).toBeUndefined();
  expect(held.take('a', '1')).toBeUndefined();
  held.hold('d', '1', 'd'.repeat(11));
  expect([held.takeSurplus(), held.takeSurplus(), held.takeSurplus()]).toEqual(['bbbb', 'cccc', 'd'.repeat(11)]);
  for (const key of ['e', 'f']) held.hold(key, '1', key);
  expect(held.takeAll()).toEqual(['e', 'f']);
  expect(held.takeAll()).toEqual([]);
});
