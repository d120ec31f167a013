import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalJson } from './canonical-json.ts';

const shuffled = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([name, member]) => [name, shuffled(member)]),
  );
};

describe('canonical JSON', () => {
  it('means the same value', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(JSON.parse(canonicalJson(JSON.parse(text)))).toEqual(JSON.parse(text));
      }),
    );
  });

  it('does not depend on the order of members', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(shuffled(value))).toBe(canonicalJson(value));
      }),
    );
  });

  it('differs where a value differs', () => {
    const different = [
      '1',
      '"1"',
      'null',
      'true',
      '[]',
      '{}',
      '[null]',
      '{"a":1}',
      '{"a":2}',
      '{"b":1}',
      '[1,2]',
      '[[1],2]',
    ];
    expect(new Set(different.map((text) => canonicalJson(JSON.parse(text)))).size).toBe(different.length);
  });

  it('writes numbers, order and escapes as the standard does', () => {
    expect(canonicalJson({ numbers: [1e30, 4.5, 2e-3, 1e-27, -0], literals: [null, true, false] })).toBe(
      '{"literals":[null,true,false],"numbers":[1e+30,4.5,0.002,1e-27,0]}',
    );
    expect(canonicalJson({ '€': 1, '\r': 2, '1': 3, '😀': 4, ö: 5 })).toBe('{"\\r":2,"1":3,"ö":5,"€":1,"😀":4}');
  });

  it('leaves out what is undefined', () => {
    expect(canonicalJson({ a: undefined, b: 1 })).toBe('{"b":1}');
  });
});
