import fc from 'fast-check';
import { expect, it } from 'vitest';
import { jsonFaultAt } from './json-fault-at.ts';

/** What JSON.parse makes of a text: whether it is JSON, where it says that it is not, or that it only ends too early. */
const judged = (text: string): 'json' | 'early' | number | undefined => {
  try {
    JSON.parse(text);
    return 'json';
  } catch (error) {
    const { message } = error as Error;
    const place = /at position (\d+)/.exec(message)?.[1];
    if (/^Unexpected end of JSON input|^Unterminated string/.test(message)) return 'early';
    return place === undefined ? undefined : Number(place);
  }
};
const pieces = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  ' ',
  '\n',
  '0',
  '1',
  '-',
  '.',
  'e',
  'NaN',
  'true',
  '\\u12',
  'ä',
);

/** Of a number, a word or an escape that only ends too early its beginning counts as wrong. */
const begun = /^(?:[-+.eE\da-z]*|\\(?:u[\da-fA-F]{0,3})?)$/;

it('finds the place in whatever was changed in a text', () =>
  fc.assert(
    fc.property(
      fc.json({ maxDepth: 4 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.nat(3),
      pieces,
      (json, share, drop, put) => {
        const at = Math.floor(share * json.length);
        const text = json.slice(0, at) + put + json.slice(at + drop);
        const verdict = judged(text);
        const fault = jsonFaultAt(text);
        if (verdict === 'json') expect(fault).toBe(text.length);
        else if (verdict === 'early') expect(text.slice(fault)).toMatch(begun);
        else {
          expect(fault).toBeLessThanOrEqual(text.length);
          // Up to the fault there is nothing wrong: with what is missing behind it, it could be JSON.
          expect(judged(text.slice(0, fault))).toSatisfy(
            (before) => before === 'json' || before === 'early' || before === fault,
          );
        }
      },
    ),
    { numRuns: 2_000 },
  ));

it('takes a body of any size', () => {
  for (const piece of ['\\n', 'x', '\\"x']) {
    const text = `["${piece.repeat(2_000_000)}`;
    expect(jsonFaultAt(text)).toBe(text.length);
  }
  expect(jsonFaultAt('[0,'.padEnd(8_000_000, '\n'))).toBe(8_000_000);
  expect(jsonFaultAt(`[${'1,'.repeat(4_000_000)}x`)).toBe(8_000_001);
});

it.each([
  ['', 0],
  ['[1,]', 3],
  ['[1 2]', 3],
  ['{"a":1,}', 7],
  ['{"a":1]', 6],
  ['{,}', 1],
  ['01', 1],
  ['1.x', 1],
  ['truE', 0],
  ['"\\x"', 1],
  ['{"a":"b', 7],
  ['[] []', 3],
  ['\ufeff{}', 0],
])('finds it in %j', (text, at) => expect(jsonFaultAt(text)).toBe(at));
