import type { TensorData } from '../ports.ts';
import type { Datatype } from './model-signature.ts';
import { float16Bits } from './tensor-data.ts';

/** Writes one valid element. null and undefined become NaN where the type has one. */
export type ElementWriter = (data: TensorData, at: number, value: unknown) => void;

const writeNumber: ElementWriter = (data, at, value) => {
  (data as Float32Array)[at] = value === null || value === undefined ? Number.NaN : Number(value);
};
const writeFloat16: ElementWriter = (data, at, value) => {
  (data as Uint16Array)[at] = float16Bits(value === null || value === undefined ? Number.NaN : Number(value));
};
const writeBigInteger: ElementWriter = (data, at, value) => {
  (data as BigInt64Array)[at] = BigInt(value as string | number | boolean);
};
const writeString: ElementWriter = (data, at, value) => {
  (data as string[])[at] = value as string;
};

export const elementWriter = (datatype: Datatype): ElementWriter => {
  if (datatype === 'float16') return writeFloat16;
  if (datatype === 'int64' || datatype === 'uint64') return writeBigInteger;
  return datatype === 'string' ? writeString : writeNumber;
};
