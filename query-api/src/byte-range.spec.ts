import { describe, expect, it } from 'vitest';
import { parseByteRange } from './byte-range.ts';

describe('a range of bytes', () => {
  it.each([
    ['bytes=0-', { first: 0, last: 9 }],
    ['bytes=3-5', { first: 3, last: 5 }],
    ['bytes=3-500', { first: 3, last: 9 }],
    ['bytes=-4', { first: 6, last: 9 }],
    ['bytes=-400', { first: 0, last: 9 }],
    ['bytes=10-', 'unsatisfiable'],
    ['bytes=99999999999999999999-', 'unsatisfiable'],
    ['bytes=99999999999999999998-99999999999999999999', 'unsatisfiable'],
    ['bytes=3-99999999999999999999', { first: 3, last: 9 }],
    ['bytes=-99999999999999999999', { first: 0, last: 9 }],
    [`bytes=${'9'.repeat(400)}-`, 'unsatisfiable'],
    [`bytes=-${'9'.repeat(400)}`, { first: 0, last: 9 }],
    ['bytes=-0', 'unsatisfiable'],
    ['bytes=5-3', undefined],
    ['bytes=-', undefined],
    ['bytes=0-1,3-4', undefined],
    ['rows=0-1', undefined],
    [undefined, undefined],
  ])('%s of ten', (header, range) => {
    expect(parseByteRange(header, 10)).toEqual(range);
  });
});
