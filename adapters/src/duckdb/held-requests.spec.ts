import { expect, it } from 'vitest';
import { createHeldRequests } from './held-requests.ts';

it('gives a request to the success that names it, once', () => {
  const held = createHeldRequests(10);
  expect(held.hold('a', '1', 'line a')).toBeUndefined();
  expect(held.take('b', '1')).toBeUndefined();
  expect(held.take('a', '2')).toBeUndefined();
  expect(held.take('a', '1')).toBe('line a');
  expect(held.take('a', '1')).toBeUndefined();
});

it('keeps the first request of a key, and hands a second one back', () => {
  const held = createHeldRequests(10);
  held.hold('a', '1', 'first');
  expect(held.hold('a', '1', 'second')).toBe('second');
  expect(held.take('a', '1')).toBe('first');
});

it('lets the oldest go when there are too many, and all at the end, in their order', () => {
  const held = createHeldRequests(2);
  held.hold('a', '1', 'a');
  held.hold('b', '2', 'b');
  expect(held.hold('c', '3', 'c')).toBe('a');
  expect(held.take('a', '1')).toBeUndefined();
  expect(held.takeAll()).toEqual(['b', 'c']);
  expect(held.takeAll()).toEqual([]);
  expect(createHeldRequests(0).hold('a', '1', 'a')).toBe('a');
});
