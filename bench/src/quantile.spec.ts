import { expect, it } from 'vitest';
import { quantile } from './quantile.ts';

it.each([
  [[9, 1], 0.5, 5],
  [[8, 1, 9, 2], 0.5, 5],
  [[3, 1, 2], 0.5, 2],
  [[1, 2, 3, 4, 5], 0.9, 4.6],
  [[7], 0.99, 7],
  [[1, 2, 3], 0, 1],
  [[1, 2, 3], 1, 3],
])('takes of %j at %d the value between its neighbours', (values, q, expected) => {
  expect(quantile(values, q)).toBeCloseTo(expected, 10);
});

it('has none of no values', () => {
  expect(quantile([], 0.5)).toBeNaN();
});
