import type { TensorData } from '../ports.ts';
import type { Datatype } from './model-signature.ts';

/** Zeroed storage for `length` elements; strings start empty. */
export const newTensorData = (datatype: Datatype, length: number): TensorData => {
  switch (datatype) {
    case 'float32':
      return new Float32Array(length);
    case 'float64':
      return new Float64Array(length);
    case 'float16':
    case 'uint16':
      return new Uint16Array(length);
    case 'int8':
      return new Int8Array(length);
    case 'int16':
      return new Int16Array(length);
    case 'int32':
      return new Int32Array(length);
    case 'int64':
      return new BigInt64Array(length);
    case 'uint8':
    case 'bool':
      return new Uint8Array(length);
    case 'uint32':
      return new Uint32Array(length);
    case 'uint64':
      return new BigUint64Array(length);
    case 'string':
      return new Array<string>(length).fill('');
    default:
      return datatype satisfies never;
  }
};

export const isFloat = (datatype: Datatype): boolean =>
  datatype === 'float32' || datatype === 'float64' || datatype === 'float16';

/** Product of the sizes; 1 for a scalar. */
export const elementCount = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

const word = new Uint32Array(1);
const float = new Float32Array(word.buffer);

/** The bits of the nearest IEEE 754 half-precision number, ties to even. */
export const float16Bits = (value: number): number => {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  if (size < 2 ** -14) return sign | roundToEven(size * 2 ** 24);
  float[0] = size;
  let exponent = ((word[0] ?? 0) >>> 23) - 127;
  if (size < 2 ** exponent) exponent -= 1;
  const significand = roundToEven((size / 2 ** exponent) * 1024);
  return sign | (((exponent + 14) << 10) + significand);
};

/** The number that half-precision bits stand for. */
export const float16Value = (bits: number): number => {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 0x1f;
  const fraction = bits & 0x3ff;
  if (exponent === 0x1f) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  if (exponent === 0) return sign * fraction * 2 ** -24;
  return sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
};

const roundToEven = (value: number): number => {
  const below = Math.floor(value);
  const rest = value - below;
  if (rest !== 0.5) return rest > 0.5 ? below + 1 : below;
  return below % 2 === 0 ? below : below + 1;
};
