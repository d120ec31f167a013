import { describe, expect, it } from 'vitest';
import type { Datatype, Feature, ModelSignature } from './model-signature.ts';
import { inputFaultsMax, validateInput } from './validate-input.ts';

const feature = (name: string, datatype: Datatype = 'float32', more: Partial<Feature> = {}): Feature => ({
  name,
  input: name,
  datatype,
  shape: [],
  missing: 'refuse',
  ...more,
});
const signature = (...features: Feature[]): ModelSignature => ({
  batched: true,
  inputs: features.map(({ name, datatype, shape }) => ({ name, datatype, shape: [null, ...shape] })),
  outputs: [],
  features,
  replayable: true,
});
const faults = (model: ModelSignature, input: unknown): string[] =>
  validateInput(model, input).map(({ pointer, detail }) => `${pointer || '(all)'} ${detail}`);

const two = signature(feature('age'), feature('plan', 'string'));

describe('validateInput', () => {
  it('takes a row by name in any order, or by position', () => {
    expect(faults(two, { plan: 'pro', age: 1 })).toEqual([]);
    expect(faults(two, [1, 'pro'])).toEqual([]);
  });

  it('tells unknown, missing and null features by JSON pointer', () => {
    expect(faults(two, { age: null, 'a/b~c': 1 })).toEqual([
      '/age must not be null',
      '/plan is missing',
      '/a~1b~0c is not a feature of this model',
    ]);
    expect(faults(two, [1])).toEqual(['(all) must have 2 elements, one per feature, not 1']);
    expect(faults(two, [null, 'x'])).toEqual(['/0 must not be null']);
    for (const input of [1, 'x', null, undefined]) expect(faults(two, input)).toHaveLength(1);
  });

  it('says which feature a mistyped name is like, of those that are not there', () => {
    const model = signature(feature('monthly_charges'), feature('monthly_charge_2'));
    expect(faults(model, { monthly_charge: 1, monthly_charge_2: 1 })).toEqual([
      '/monthly_charges is missing',
      '/monthly_charge is not a feature of this model (did you mean monthly_charges?)',
    ]);
    const strangers = Object.fromEntries(Array.from({ length: 9 }, (_, at) => [`monthly_charge${at}`, 1]));
    expect(faults(model, strangers).filter((text) => text.includes('did you mean'))).toHaveLength(3);
  });

  it('fills in what the model says', () => {
    const lenient = signature(
      feature('a', 'float32', { missing: 'nan' }),
      feature('b', 'int32', { missing: 'default', default: 3 }),
    );
    for (const input of [{ a: null }, { a: null, b: null }, { a: 1 }, [null, null]]) {
      expect(faults(lenient, input)).toEqual([]);
    }
    const absent = '/a is missing; send null where the value is not known';
    for (const input of [{}, { b: 1 }, { b: null }]) expect(faults(lenient, input)).toEqual([absent]);
    expect(faults(lenient, { A: 1 })).toEqual([absent, '/A is not a feature of this model (did you mean a or b?)']);
  });

  it('is not misled by names that every object has', () => {
    const odd = signature(feature('constructor'), feature('b'));
    expect(faults(odd, { b: 1 })).toEqual(['/constructor is missing']);
    expect(faults(odd, { constructor: 1, b: 1 })).toEqual([]);
    expect(faults(two, JSON.parse('{"age":1,"plan":"x","__proto__":2}'))).toEqual([
      '/__proto__ is not a feature of this model',
    ]);
  });

  it('takes the bare value of an only feature, and tells a row with one position from it', () => {
    const scalar = signature(feature('x'));
    for (const input of [1, [1], { x: 1 }]) expect(faults(scalar, input)).toEqual([]);
    expect(faults(scalar, 'a')).toEqual(['(all) must be a number']);
    const list = signature(feature('x', 'float32', { shape: [null] }));
    for (const input of [[1, 2], [[1, 2]], { x: [1, 2] }, []]) expect(faults(list, input)).toEqual([]);
    expect(faults(list, [[1], [2]])).toEqual(['/0 must be a number', '/1 must be a number']);
  });

  it.each<[Datatype, unknown[], unknown[]]>([
    ['float32', [0, -3.4e38, true], [3.5e38, Number.NaN, '1', [1], {}]],
    ['float64', [1.7e308, false], [Number.POSITIVE_INFINITY, '1']],
    ['float16', [65_504, -65_519], [65_520]],
    ['int8', [-128, 127, true], [128, -129, 1.5, '1']],
    ['uint8', [0, 255], [-1, 256]],
    ['int16', [-32_768], [32_768]],
    ['uint16', [65_535], [65_536]],
    ['int32', [-2_147_483_648], [2_147_483_648]],
    ['uint32', [4_294_967_295], [-1]],
    [
      'int64',
      [5, '9223372036854775807', '-9223372036854775808'],
      ['9223372036854775808', 2 ** 60, '1e3', '01', '', 0.5],
    ],
    ['uint64', ['18446744073709551615', 0], ['18446744073709551616', -1, '-1']],
    ['bool', [true, false, 0, 1], [2, 'true']],
    ['string', ['', 'x', '\u0001', '\\0'], [1, true, ['x']]],
  ])('knows what fits into %s', (datatype, good, bad) => {
    const model = signature(feature('x', datatype), feature('y', 'string'));
    for (const x of good) expect(faults(model, { x, y: '' })).toEqual([]);
    for (const x of bad)
      expect(faults(model, { x, y: '' })).toEqual([expect.stringMatching(/^\/x must be|^\/x must lie/)]);
  });

  it('checks nested arrays against the shape and points at the bad element', () => {
    const matrix = signature(feature('m', 'float32', { shape: [2, 2], missing: 'nan' }), feature('y'));
    const check = (m: unknown) => faults(matrix, { m, y: 1 });
    expect(
      check([
        [1, 2],
        [3, null],
      ]),
    ).toEqual([]);
    expect(
      check([
        [1, 2],
        [3, 'x'],
      ]),
    ).toEqual(['/m/1/1 must be a number']);
    expect(check([[1, 2], [3]])).toEqual(['/m/1 must have 2 elements, not 1']);
    expect(check([[1, 2], 3])).toEqual(['/m/1 must be an array: the feature has 2 dimensions']);
    expect(faults(matrix, { y: 1 })).toEqual(['/m is missing']);
    const ragged = signature(feature('m', 'int64', { shape: [null, null] }));
    expect(
      faults(ragged, {
        m: [
          [1, 2],
          [3, 4],
        ],
      }),
    ).toEqual([]);
    expect(faults(ragged, { m: [[1, 2], [3]] })).toEqual(['/m/1 must have 2 elements, not 1']);
    expect(faults(ragged, { m: [[1, null]] })).toEqual(['/m/0/1 must not be null']);
  });

  it('says what is wrong with a text that a model would get cut off, also within an array', () => {
    const detail = 'must not contain a NUL character: models get texts only up to it';
    expect(faults(two, { age: 1, plan: 'ab\0cd' })).toEqual([`/plan ${detail}`]);
    expect(faults(two, [1, 'ab\0cd'])).toEqual([`/1 ${detail}`]);
    const list = signature(feature('x', 'string', { shape: [null] }));
    expect(faults(list, { x: ['a', 'b\0'] })).toEqual([`/x/1 ${detail}`]);
  });

  it('tells no more than it may', () => {
    const list = signature(feature('x', 'float32', { shape: [null] }));
    expect(faults(list, { x: Array(1_000_000).fill('x') })).toHaveLength(inputFaultsMax);
    const strangers = Object.fromEntries(Array.from({ length: 1_000 }, (_, i) => [`u${i}`, 1]));
    expect(faults(two, strangers)).toHaveLength(inputFaultsMax);
  });
});
