import { describe, expect, it } from 'vitest';
import type { ModelFile, ValueInfo } from '../ports.ts';
import { type DerivedSignature, deriveSignature } from './derive-signature.ts';
import type { Datatype } from './model-signature.ts';
import { rowsPerRunMax } from './rows-to-tensors.ts';
import { validateInput } from './validate-input.ts';

const tensor = (
  name: string,
  shape: readonly (number | string | null)[],
  datatype: Datatype = 'float32',
): ValueInfo => ({
  name,
  kind: 'tensor',
  datatype,
  shape,
});
const file = (
  inputs: readonly ValueInfo[],
  metadata: Readonly<Record<string, unknown>> = {},
  outputs: readonly ValueInfo[] = [tensor('y', ['N', 2])],
): ModelFile => ({
  irVersion: 8,
  opset: { '': 17 },
  metadata: Object.fromEntries(
    Object.entries(metadata).map(([key, value]) => [`hindcast.${key}`, JSON.stringify(value)]),
  ),
  inputs,
  outputs,
  replayable: true,
});
const derived = (result: DerivedSignature) => {
  if (!result.ok) throw new Error(`${result.refusal.code}: ${result.refusal.detail}`);
  expect(validateInput(result.signature, result.example)).toEqual([]);
  return result;
};
const signatureOf = (...given: Parameters<typeof file>) => derived(deriveSignature(file(...given))).signature;
const refusalOf = (...given: Parameters<typeof file>) => {
  const result = deriveSignature(file(...given));
  return result.ok ? 'accepted' : `${result.refusal.code}: ${result.refusal.detail}`;
};
const briefly = (signature: ReturnType<typeof signatureOf>) =>
  signature.features.map(({ name, shape, column, missing }) => ({ name, shape, column, missing }));

describe('deriveSignature', () => {
  it('makes a scalar feature of every column input', () => {
    const signature = signatureOf([tensor('age', ['N', 1]), tensor('plan', [null], 'string')]);
    expect(signature.batched).toBe(true);
    expect(briefly(signature)).toEqual([
      { name: 'age', shape: [], column: undefined, missing: 'nan' },
      { name: 'plan', shape: [], column: undefined, missing: 'refuse' },
    ]);
  });

  it('makes a feature of every column of a single matrix, with the names of the metadata', () => {
    expect(signatureOf([tensor('x', ['N', 3])]).features.map(({ name }) => name)).toEqual(['f0', 'f1', 'f2']);
    const named = signatureOf([tensor('x', ['N', 2])], { features: ['a', 'b'] });
    expect(named.features.map(({ name, column }) => [name, column])).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
  });

  it('makes a feature with a shape of what has more dimensions, or too many columns to name', () => {
    expect(briefly(signatureOf([tensor('image', ['N', 3, 4, 4]), tensor('text', ['N', 'seq'], 'int64')]))).toEqual([
      { name: 'image', shape: [3, 4, 4], column: undefined, missing: 'nan' },
      { name: 'text', shape: [null], column: undefined, missing: 'refuse' },
    ]);
    expect(signatureOf([tensor('x', ['N', 5_000])]).features).toHaveLength(1);
  });

  it('takes the whole tensor set for a prediction where there is no batch dimension', () => {
    for (const inputs of [[tensor('x', [2, 2])], [tensor('x', [])], [tensor('x', ['N', 4]), tensor('y', [4])]]) {
      const signature = signatureOf(inputs);
      expect(signature.batched).toBe(false);
      expect(signature.features.map(({ shape }) => shape.length)).toEqual(inputs.map(({ shape }) => shape?.length));
    }
    expect(signatureOf([tensor('x', ['N', 4])], {}, [tensor('sum', [])]).batched).toBe(false);
  });

  it('takes a first dimension of 1 for rows, one to a run', () => {
    const signature = signatureOf([tensor('x', [1, 4])], {}, [tensor('y', [1, 2])]);
    expect(signature).toMatchObject({ batched: true, features: [{ name: 'f0' }, {}, {}, {}] });
    expect(rowsPerRunMax(signature)).toBe(1);
    expect(rowsPerRunMax(signatureOf([tensor('x', ['N', 4])]))).toBeGreaterThan(1_000);
  });

  it('reads classes, threshold, defaults, missing, example and description', () => {
    const metadata = {
      features: ['age', 'calls'],
      classes: ['no', 'yes'],
      threshold: 0.4,
      defaults: { calls: 0 },
      missing: { age: 'refuse' },
      example: { age: 40 },
      description: 'Who leaves.',
    };
    const result = derived(deriveSignature(file([tensor('x', ['N', 2])], metadata)));
    expect(result).toMatchObject({ example: { age: 40 }, description: 'Who leaves.' });
    expect(result.signature).toMatchObject({
      classes: ['no', 'yes'],
      threshold: 0.4,
      features: [{ missing: 'refuse' }, { missing: 'default', default: 0 }],
    });
  });

  it('takes the class names of the graph where metadata has none, and one matrix fits them', () => {
    const label = tensor('label', ['N'], 'string');
    const classesOf = (classes: string[], metadata = {}, outputs = [label, tensor('p', ['N', 2])]) =>
      derived(deriveSignature({ ...file([tensor('x', ['N', 2])], metadata, outputs), classes })).signature.classes;
    expect(classesOf(['no', 'yes'])).toEqual(['no', 'yes']);
    expect(classesOf(['0', '1'], { classes: ['no', 'yes'] })).toEqual(['no', 'yes']);
    expect(classesOf(['no', 'yes'], { threshold: 0.4 })).toEqual(['no', 'yes']);
    for (const unfit of [['a', 'b', 'c'], ['a'], ['a', 'a'], ['a', ''], ['a', '__proto__'], []]) {
      expect(classesOf(unfit)).toBeUndefined();
    }
    for (const outputs of [
      [label],
      [tensor('p', ['N', 2]), tensor('scores', ['N', 2])],
      [tensor('p', ['N', null])],
      [tensor('p', ['N', 2], 'int64')],
      [tensor('p', [2, 2])],
    ]) {
      expect(classesOf(['no', 'yes'], {}, outputs)).toBeUndefined();
    }
  });

  it('lets a sidecar win over the file, key by key', () => {
    const model = file([tensor('x', ['N', 2])], { features: ['a', 'b'], description: 'old' });
    const result = derived(deriveSignature(model, { description: 'new' }));
    expect(result.description).toBe('new');
    expect(result.signature.features.map(({ name }) => name)).toEqual(['a', 'b']);
  });

  it.each([
    [{ missing: { a: 'nan' } }, ['nan', 'refuse', 'default']],
    [{ defaults: { a: 3 } }, ['default', 'refuse', 'default']],
    [{ missing: { c: 'refuse' }, defaults: { b: 4 } }, ['refuse', 'default', 'refuse']],
    [{ missing: 'nan' }, ['nan', 'nan', 'default']],
    [{}, ['refuse', 'refuse', 'default']],
  ])('leaves what the file says of a feature that the sidecar does not name: %j', (sidecar, missing) => {
    const stated = { features: ['a', 'b', 'c'], missing: { a: 'refuse', b: 'refuse' }, defaults: { c: 0 } };
    const { signature } = derived(deriveSignature(file([tensor('x', ['N', 3])], stated), sidecar));
    expect(signature.features.map((feature) => feature.missing)).toEqual(missing);
  });

  it.each<[string, Record<string, unknown>]>([
    ['features', { features: 'a,b' }],
    ['features', { features: ['a'] }],
    ['features', { features: ['a', 'a'] }],
    ['features', { features: ['a', '__proto__'] }],
    ['classes', { classes: ['only'] }],
    ['classes', { classes: ['a', 'b', 'c'] }],
    ['threshold', { threshold: 2, classes: ['a', 'b'] }],
    ['threshold', { threshold: 0.5 }],
    ['defaults', { defaults: { f9: 1 } }],
    ['defaults', { defaults: { f0: 'one' } }],
    ['missing', { missing: 'perhaps' }],
    ['missing', { missing: { f9: 'refuse' } }],
    ['missing', { missing: { f0: 'refuse' }, defaults: { f0: 1 } }],
    ['example', { example: [1] }],
    ['description', { description: 7 }],
    ['treshold', { treshold: 0.5 }],
  ])('refuses bad metadata in %s and names it: %j', (key, metadata) => {
    expect(refusalOf([tensor('x', ['N', 2])], metadata)).toMatch(
      new RegExp(`^metadata_invalid: The metadata hindcast\\.${key} does not fit: expected .+\\.$`),
    );
  });

  it('refuses text that is no JSON, but takes a plain description', () => {
    const model = file([tensor('x', ['N', 2])]);
    const given = (metadata: Record<string, string>) => deriveSignature({ ...model, metadata });
    expect(given({ 'hindcast.features': '[a' })).toMatchObject({ ok: false, refusal: { code: 'metadata_invalid' } });
    expect(given({ 'hindcast.description': 'Plain.', other: '[' })).toMatchObject({ ok: true, description: 'Plain.' });
  });

  it('refuses what it cannot feed or answer, with the way out', () => {
    const maps: ValueInfo = { name: 'probabilities', kind: 'sequence' };
    expect(refusalOf([tensor('x', ['N', 2])], {}, [maps])).toMatch(/^zipmap_output: .*options=\{"zipmap": False\}/);
    expect(refusalOf([{ name: 'x', kind: 'sequence' }])).toMatch(/^unsupported_input/);
    expect(refusalOf([{ name: 'x', kind: 'tensor', datatype: 'float32' }])).toMatch(/^unsupported_shape/);
    expect(refusalOf([])).toMatch(/^no_inputs/);
    expect(refusalOf([tensor('x', ['N', 2])], {}, [])).toMatch(/^no_outputs/);
  });

  it('stores no example that would be too large for an event', () => {
    expect(deriveSignature(file([tensor('x', ['N', 3, 1_000, 1_000])]))).toMatchObject({ ok: true, example: null });
  });
});
