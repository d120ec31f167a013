import { DATATYPES } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { readBinary, writeBinary } from './datatype-codes.ts';

const samples = {
  float32: [0.5, -1, null],
  float64: [0.1, 1e300, null],
  float16: [0.5, -2, null],
  int8: [-128, 127],
  int16: [-32_768, 32_767],
  int32: [-2_147_483_648, 2_147_483_647],
  int64: [-1, '-9223372036854775808', '9223372036854775807'],
  uint8: [0, 255],
  uint16: [0, 65_535],
  uint32: [0, 4_294_967_295],
  uint64: [0, '18446744073709551615'],
  bool: [true, false],
  string: ['', 'Zürich 😀', 'a\0b'],
} as const;

describe('binary tensors', () => {
  it.each(DATATYPES)('of %s come back as they went', (datatype) => {
    const values: readonly unknown[] = samples[datatype];
    // A missing number is NaN on the wire.
    const bytes = writeBinary(
      datatype,
      values.map((value) => (value === null ? Number.NaN : value)),
    );
    expect(readBinary('x', datatype, values.length, bytes)).toEqual(values);
  });

  it('must have the size of their shape', () => {
    expect(() => readBinary('x', 'float32', 2, Buffer.alloc(7))).toThrow('need 8');
    const texts = writeBinary('string', ['a', 'b']);
    expect(() => readBinary('x', 'string', 3, texts)).toThrow('exactly 3');
    expect(() => readBinary('x', 'string', 1, texts)).toThrow('exactly 1');
    expect(() => readBinary('x', 'string', 2, texts.subarray(0, 7))).toThrow('exactly 2');
    expect(() => readBinary('x', 'string', 1, Buffer.from([1, 0, 0, 0, 0xff]))).toThrow('UTF-8');
  });
});
