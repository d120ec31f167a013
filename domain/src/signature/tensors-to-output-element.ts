import type { TensorData } from '../ports.ts';
import type { Datatype } from './model-signature.ts';
import { float16Value } from './tensor-data.ts';

/** One element as JSON can carry it. */
export type ElementReader = (data: TensorData, at: number) => unknown;

/** What stands in an output for numbers that JSON has not. */
export const notFiniteTexts = ['NaN', 'Infinity', '-Infinity'] as const;

const jsonFloat = (value: number): number | string => (Number.isFinite(value) ? value : String(value));

const readFloat: ElementReader = (data, at) => jsonFloat((data as Float64Array)[at] as number);
const readFloat16: ElementReader = (data, at) => jsonFloat(float16Value((data as Uint16Array)[at] as number));
const readPlain: ElementReader = (data, at) => data[at];
const readBool: ElementReader = (data, at) => data[at] !== 0;
const readBigInteger: ElementReader = (data, at) => {
  const value = (data as BigInt64Array)[at] as bigint;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value.toString();
};

/**
 * Floats give the exact double, and "NaN", "Infinity", "-Infinity" where JSON has no number; 64-bit integers a number
 * where it is exact, else a decimal string.
 */
export const elementReader = (datatype: Datatype): ElementReader => {
  if (datatype === 'float32' || datatype === 'float64') return readFloat;
  if (datatype === 'float16') return readFloat16;
  if (datatype === 'int64' || datatype === 'uint64') return readBigInteger;
  return datatype === 'bool' ? readBool : readPlain;
};
