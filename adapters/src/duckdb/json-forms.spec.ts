import { inputLeavesOf, leavesOf, outputKindOf } from '@hindcast/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createJsonForms } from './json-forms.ts';

/** The form of each value that stands alone, or behind others; undefined where it has none. */
const formsOf = (values: readonly string[]) => {
  const forms = createJsonForms();
  const found = values.map((value) => {
    const end = forms.end(`{"input":${value}}`, '{"input":'.length);
    // A text with escapes is not looked through.
    if (end === -1 && value.startsWith('"')) return undefined;
    expect(end).toBe('{"input":'.length + value.length);
    return forms.last() === '' ? undefined : forms.examples[Number(forms.last())];
  });
  return { found, examples: forms.examples };
};

const leaves = (text: string) => [inputLeavesOf(JSON.parse(text), 2), leavesOf(JSON.parse(text), 2, outputKindOf)];
const scalar = fc.oneof(
  fc.constantFrom(null, true, 0, 'a', '', 'NaN', '-Infinity'),
  fc.double({ noNaN: true }),
  fc.string(),
);
const name = fc.constantFrom('a', 'b', 'A.b', '', '__proto__', '0', '(', 'ä');
const value = fc.oneof(fc.dictionary(name, fc.oneof(scalar, fc.dictionary(name, scalar), fc.array(scalar))), scalar);

describe('forms of JSON', () => {
  it('say of a value what it says of columns itself', () => {
    fc.assert(
      fc.property(fc.array(value, { maxLength: 30 }), (values) => {
        const texts = values.map((one) => JSON.stringify(one));
        for (const [at, example] of formsOf(texts).found.entries())
          if (example !== undefined) expect(leaves(example)).toEqual(leaves(texts[at] ?? ''));
      }),
    );
  });

  it('are one for values that differ in nothing but what their members are', () => {
    const { found, examples } = formsOf([
      '{"a":1,"b":"x","c":true}',
      '{"a":-2.5e9,"b":"","c":false}',
      '{"a":null}',
      '{"a":3,"b":"y","c":true}',
    ]);
    expect(examples).toEqual(['{"a":1,"b":"x","c":true}', '{"a":null}']);
    expect(found).toEqual([examples[0], examples[0], examples[1], examples[0]]);
  });

  it.each([
    ['escapes', '{"a":"\\n"}'],
    ['a name with escapes', '{"\\u0061":1}'],
    ['a name twice', '{"a":1,"a":"x"}'],
    ['a name twice inside', '{"a":[{"b":1,"b":2}]}'],
    ['spaces', '{"a": 1}'],
    ['no JSON', '{"a":01}'],
    ['half of a pair', '{"\ud800":1}'],
    ['much to say', JSON.stringify(Array.from({ length: 4_000 }, (_, at) => at))],
  ])('are not made of %s', (_, text) => {
    expect(formsOf([text, text]).found).toEqual([undefined, undefined]);
  });

  it('are few, and given up where values are of too many', () => {
    const many = Array.from({ length: 40 }, (_, at) => `{"n${at}":1}`);
    expect(formsOf([...many, ...many]).examples).toEqual(many.slice(0, 16));
    const endless = Array.from({ length: 1_100 }, (_, at) => `{"n${at}":1}`);
    expect(formsOf([...endless, '{"n0":1}']).found.at(-1)).toBeUndefined();
    expect(formsOf([...many, '{"n0":1}']).found.at(-1)).toBe('{"n0":1}');
  });

  it('end nowhere where JSON does not', () => {
    const forms = createJsonForms();
    for (const text of ['{"a":1}', '{"a":1', '{"a":', '{"a":"x', '{"a":\n1}', 'nul', ''])
      expect(forms.end(text, 0)).toBe(text === '{"a":1}' ? text.length : -1);
  });
});
