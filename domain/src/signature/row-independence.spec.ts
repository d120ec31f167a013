import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tensor } from '../ports.ts';
import { rowDependence } from './row-independence.ts';
import { float16Bits } from './tensor-data.ts';

const floats = (...values: number[]): Tensor => ({
  name: 'y',
  datatype: 'float32',
  shape: [values.length, 1],
  data: Float32Array.from(values),
});
const texts = (...values: string[]): Tensor => ({
  name: 'label',
  datatype: 'string',
  shape: [values.length],
  data: values,
});
const halves = (...values: number[]): Tensor => ({
  name: 'y',
  datatype: 'float16',
  shape: [values.length],
  data: Uint16Array.from(values, float16Bits),
});

describe('rowDependence', () => {
  it('finds nothing where every row is answered as if it were alone', () => {
    const finite = fc.float({ noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(finite, { minLength: 1, maxLength: 8 }), (values) => {
        const alone = values.map((value) => [floats(value), texts(String(value))]);
        expect(rowDependence(alone, [floats(...values), texts(...values.map(String))])).toBeUndefined();
      }),
    );
  });

  it('names an answer that depends on the other rows', () => {
    const alone = [[floats(0)], [floats(0)]];
    expect(rowDependence(alone, [floats(-0.5, 0.5)])).toBe(
      'Output y of one row is 0 alone and -0.5 in a run of 2 rows.',
    );
    expect(rowDependence([[texts('stay')], [texts('stay')]], [texts('stay', 'leave')])).toMatch(/stay alone and leave/);
    expect(rowDependence([[floats(Number.NaN)]], [floats(1)])).toMatch(/NaN alone and 1/);
  });

  it('lets the last bits differ, but no more than that', () => {
    expect(rowDependence([[floats(1_000)], [floats(0)]], [floats(1_000.005, 5e-7)])).toBeUndefined();
    expect(rowDependence([[floats(1_000)], [floats(0)]], [floats(1_000, 0.001)])).toBeDefined();
    expect(rowDependence([[floats(1_000)]], [floats(1_000.1)])).toBeDefined();
    expect(rowDependence([[halves(1)]], [halves(1.001)])).toBeUndefined();
    expect(rowDependence([[halves(1)]], [halves(1.1)])).toBeDefined();
  });

  it('finds outputs whose shape the other rows decide', () => {
    const wide: Tensor = { ...floats(0, 0, 0, 0), shape: [2, 2] };
    expect(rowDependence([[floats(0)], [floats(0)]], [wide])).toMatch(/float32 \[1\] alone and float32 \[2\]/);
  });
});
