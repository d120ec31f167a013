import { describe, expect, it } from 'vitest';
import { noneMatch, traceparentOf, waitSecondsOf } from './request-headers.ts';

describe('Prefer: wait', () => {
  it.each([
    ['wait=5', 5],
    ['respond-async, wait=10', 10],
    ['WAIT = "7"; strict', 7],
    ['wait=100000', 60],
    ['wait=3, wait=9', 3],
    ['wait=0', 0],
    ['wait', undefined],
    ['wait=soon', undefined],
    ['wait=-1', undefined],
    ['handling=lenient; wait=5', undefined],
    ['await=5', undefined],
  ])('%s is %s', (prefer, seconds) => {
    expect(waitSecondsOf({ prefer })).toBe(seconds);
  });

  it('may be absent', () => {
    expect(waitSecondsOf({})).toBeUndefined();
  });
});

describe('the other headers', () => {
  it('lets a malformed trace go', () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    expect(traceparentOf({ traceparent })).toBe(traceparent);
    expect(traceparentOf({ traceparent: traceparent.toUpperCase() })).toBeUndefined();
  });

  it('compares entity tags weakly', () => {
    expect(noneMatch(undefined, '"1"')).toBe(true);
    expect(noneMatch('"2"', '"1"')).toBe(true);
    for (const header of ['*', '"1"', 'W/"1"', '"0", "1"']) expect(noneMatch(header, '"1"')).toBe(false);
  });
});
