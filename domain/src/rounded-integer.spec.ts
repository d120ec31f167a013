import fc from 'fast-check';
import { expect, it } from 'vitest';
import { roundedInteger } from './rounded-integer.ts';

it.each([
  ['9007199254740993', '9007199254740993'],
  ['{"id":"9007199254740993","a":[1,{"value":-9007199254740993}]}', '-9007199254740993'],
  [String.raw`{"a\"9007199254740993":"\\","b":12345678901234567890}`, '12345678901234567890'],
])('finds the integer that a double would round in %s', (json, found) => {
  expect(roundedInteger(json)).toBe(found);
});

it.each([
  ['9007199254740992'],
  ['100000000000000000000'],
  ['[0.12345678901234567, 12345678901234567.5, 12345678901234567e3]'],
  ['{"9007199254740993":"9007199254740993"}'],
  ['{"value":9007199254740991}'],
])('lets %s be', (json) => {
  expect(roundedInteger(json)).toBeUndefined();
});

it('finds one exactly where an integer does not come back as it was', () => {
  const exact = (value: bigint) => BigInt(JSON.parse(String(value)) as number) === value;
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), fc.string(), (value, name) => {
      const json = `{${JSON.stringify(name)}:[0.5,${value}]}`;
      expect(roundedInteger(json)).toBe(exact(value) ? undefined : String(value));
    }),
  );
});
