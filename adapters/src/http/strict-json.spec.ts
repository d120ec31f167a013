import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jsonDepthMax, parseStrictJson } from './strict-json.ts';

const parse = (text: string | Buffer) => parseStrictJson(Buffer.from(text as string));
const nested = (depth: number) => '['.repeat(depth) + ']'.repeat(depth);

describe('strict JSON', () => {
  it('reads what JSON.parse reads, where no rule is broken', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 8 }), (text) => {
        fc.pre(!text.includes('__proto__'));
        expect(parse(text)).toEqual(JSON.parse(text));
      }),
    );
  });

  it('finds any member name that comes twice', () => {
    const names = fc.uniqueArray(
      fc.string().filter((name) => name !== '__proto__'),
      { minLength: 1, maxLength: 6 },
    );
    fc.assert(
      fc.property(names, fc.nat(), (unique, pick) => {
        const twice = [...unique, unique[pick % unique.length] as string];
        const object = (all: readonly string[]) =>
          `{"o":{${all.map((name) => `${JSON.stringify(name)}:":"`).join(',')}}}`;
        expect(parse(object(unique))).toBeDefined();
        expect(() => parse(object(twice))).toThrow('twice');
      }),
    );
  });

  it.each([
    ['an empty body', ''],
    ['cut JSON', '{"a":'],
    ['a trailing comma', '[1,]'],
    ['NaN', '{"a":NaN}'],
    ['a number over the range', '{"a":[1e999]}'],
    ['too much depth', nested(jsonDepthMax + 1)],
    ['10,000 levels', nested(10_000)],
    ['a name twice, once escaped', '{"a":1,"\\u0061":2}'],
    ['__proto__', '{"a":{"__proto__":{"x":1}}}'],
    ['__proto__, escaped', '{"\\u005f_proto__":1}'],
    ['constructor.prototype', '{"constructor":{"prototype":{}}}'],
    ['half of a surrogate pair', '{"a":"\\ud800"}'],
    ['half of a surrogate pair as a name', '{"\\udc00":1}'],
    ['a byte order mark', '\ufeff{}'],
    ['invalid UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22])],
  ])('refuses %s', (_what, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'malformed-request' }));
  });

  it.each([
    ['{"a": 1,\n "b": NaN}', '"NaN}" does not belong at line 2, column 7. JSON has no such number: send null.'],
    ['[-Infinity]', '"-Infinity]" does not belong at line 1, column 2. JSON has no such number: send null.'],
    ['{"a":', 'it ends too early, at line 1, column 6.'],
    ["{'a': 1}", `"'a': 1}" does not belong at line 1, column 2.`],
    ['{"ä": "x\ny"}', '"\\ny\\"}" does not belong at line 1, column 9.'],
    ['{"a": 1, "b" 2, "and so on": 3}', '"2, \\"and so on\\": " does not belong at line 1, column 14.'],
  ])('says of %j where it is wrong', (text, said) => {
    const detail = `The body is not well-formed JSON: ${said}`;
    expect(() => parse(text)).toThrow(expect.objectContaining({ detail }));
  });

  it('allows what only looks forbidden', () => {
    expect(parse(nested(jsonDepthMax))).toBeDefined();
    expect(parse('{"a":"[[[{{{:::\\"]","constructor":"x","toString":1}')).toEqual({
      a: '[[[{{{:::"]',
      constructor: 'x',
      toString: 1,
    });
    expect(parse('"\\ud83d\\ude00"')).toBe('😀');
  });
});
