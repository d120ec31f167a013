import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { makeExample } from './make-example.ts';
import { DATATYPES, type Datatype, type Feature, type ModelSignature } from './model-signature.ts';
import { compileBatch } from './rows-to-tensors.ts';
import { trialRows } from './trial-rows.ts';
import { validateInput } from './validate-input.ts';

const feature = (name: string, datatype: Datatype = 'float32', shape: Feature['shape'] = []): Feature => ({
  name,
  input: name,
  datatype,
  shape,
  missing: 'nan',
});
const signature = (...features: Feature[]): ModelSignature => ({
  batched: true,
  inputs: features.map(({ name, datatype, shape }) => ({ name, datatype, shape: [null, ...shape] })),
  outputs: [],
  features,
  replayable: true,
});
const anySignature = fc
  .array(fc.record({ datatype: fc.constantFrom(...DATATYPES), shape: fc.array(fc.constantFrom(1, 2, null)) }), {
    minLength: 1,
    maxLength: 4,
  })
  .map((features) =>
    signature(...features.map(({ datatype, shape }, i) => feature(`f${i}`, datatype, shape.slice(0, 2)))),
  );

describe('trialRows', () => {
  it('are valid, differ, and fit into one run, whatever the signature', () => {
    fc.assert(
      fc.property(anySignature, fc.integer(), (model, seed) => {
        const example = makeExample(model);
        const rows = trialRows(model, example, seed);
        expect(rows[0]).toBe(example);
        for (const row of rows) expect(validateInput(model, row)).toEqual([]);
        expect(new Set(rows.map((row) => JSON.stringify(row))).size).toBe(rows.length);
        expect(new Set(rows.map((row) => compileBatch(model).shapeKey(row))).size).toBe(1);
        expect(compileBatch(model).encode(rows)[0]?.shape[0]).toBe(rows.length);
        expect(trialRows(model, example, seed)).toEqual(rows);
      }),
    );
  });

  it('take numbers on both sides of the example, within what the type can hold', () => {
    const values = trialRows(signature(feature('x')), { x: 10 }, 1).map((row) => (row as { x: number }).x);
    expect(values).toHaveLength(5);
    expect(Math.max(...values)).toBeGreaterThan(10);
    expect(Math.min(...values)).toBeLessThan(10);
    const bytes = trialRows(signature(feature('x', 'uint8')), { x: 255 }, 1).map((row) => (row as { x: number }).x);
    expect(bytes.length).toBeGreaterThan(1);
    const longs = trialRows(signature(feature('x', 'int64')), ['9223372036854775807'], 1);
    expect(longs.length).toBeGreaterThan(1);
  });

  it('leave the texts alone once, and what is missing always', () => {
    const model = signature(feature('age'), feature('plan', 'string'), feature('visits', 'float64'));
    const example = { age: 3, plan: 'pro', visits: null };
    const [, first, ...others] = trialRows(model, example, 1) as { plan: string; visits: number | null }[];
    expect(first).toMatchObject({ plan: 'pro' });
    expect(others.some(({ plan }) => plan !== 'pro')).toBe(true);
    expect(others.every(({ visits }) => visits === null)).toBe(true);
  });

  it('are the example alone where nothing can be varied', () => {
    expect(trialRows(signature(feature('x', 'float32', [0])), { x: [] }, 1)).toEqual([{ x: [] }]);
    expect(trialRows(signature(feature('x')), { x: null }, 1)).toEqual([{ x: null }]);
  });
});
