import { type Datatype, float16Bits, float16Value } from '@hindcast/domain';
import { badInference } from './inference-error.ts';

/** The protocol's names of the element types. */
export const codeOf: Readonly<Record<Datatype, string>> = {
  float32: 'FP32',
  float64: 'FP64',
  float16: 'FP16',
  int8: 'INT8',
  int16: 'INT16',
  int32: 'INT32',
  int64: 'INT64',
  uint8: 'UINT8',
  uint16: 'UINT16',
  uint32: 'UINT32',
  uint64: 'UINT64',
  bool: 'BOOL',
  string: 'BYTES',
};

interface Fixed {
  readonly bytes: number;
  read(view: DataView, at: number): unknown;
  write(view: DataView, at: number, value: unknown): void;
}

/** 64-bit integers are numbers where those are exact, else decimal strings, as in every input and output. */
const plain = (value: bigint): number | string =>
  Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
/** JSON has no NaN: a missing number is null, and outputs say "NaN" and "Infinity" as texts. */
const orNull = (value: number): number | null => (Number.isNaN(value) ? null : value);
const number = (value: unknown): number => Number(value);
const integer = (value: unknown): bigint => BigInt(value as string | number | boolean);

const fixed: Readonly<Record<Exclude<Datatype, 'string'>, Fixed>> = {
  float32: {
    bytes: 4,
    read: (v, at) => orNull(v.getFloat32(at, true)),
    write: (v, at, x) => v.setFloat32(at, number(x), true),
  },
  float64: {
    bytes: 8,
    read: (v, at) => orNull(v.getFloat64(at, true)),
    write: (v, at, x) => v.setFloat64(at, number(x), true),
  },
  float16: {
    bytes: 2,
    read: (v, at) => orNull(float16Value(v.getUint16(at, true))),
    write: (v, at, x) => v.setUint16(at, float16Bits(number(x)), true),
  },
  int8: { bytes: 1, read: (v, at) => v.getInt8(at), write: (v, at, x) => v.setInt8(at, number(x)) },
  int16: { bytes: 2, read: (v, at) => v.getInt16(at, true), write: (v, at, x) => v.setInt16(at, number(x), true) },
  int32: { bytes: 4, read: (v, at) => v.getInt32(at, true), write: (v, at, x) => v.setInt32(at, number(x), true) },
  int64: {
    bytes: 8,
    read: (v, at) => plain(v.getBigInt64(at, true)),
    write: (v, at, x) => v.setBigInt64(at, integer(x), true),
  },
  uint8: { bytes: 1, read: (v, at) => v.getUint8(at), write: (v, at, x) => v.setUint8(at, number(x)) },
  uint16: { bytes: 2, read: (v, at) => v.getUint16(at, true), write: (v, at, x) => v.setUint16(at, number(x), true) },
  uint32: { bytes: 4, read: (v, at) => v.getUint32(at, true), write: (v, at, x) => v.setUint32(at, number(x), true) },
  uint64: {
    bytes: 8,
    read: (v, at) => plain(v.getBigUint64(at, true)),
    write: (v, at, x) => v.setBigUint64(at, integer(x), true),
  },
  bool: { bytes: 1, read: (v, at) => v.getUint8(at) !== 0, write: (v, at, x) => v.setUint8(at, x ? 1 : 0) },
};

/** The elements of a binary tensor: little-endian, row-major; texts each behind their length in four bytes. */
export const readBinary = (name: string, datatype: Datatype, count: number, bytes: Buffer): unknown[] => {
  if (datatype === 'string') return readTexts(name, count, bytes);
  const { bytes: size, read } = fixed[datatype];
  if (bytes.length !== count * size) {
    throw badInference(`input '${name}' has ${bytes.length} bytes, its shape and datatype need ${count * size}`);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: count }, (_, at) => read(view, at * size));
};

const lengthBytes = 4;

const readTexts = (name: string, count: number, bytes: Buffer): string[] => {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const texts: string[] = [];
  let at = 0;
  while (at < bytes.length && texts.length < count) {
    const end = at + lengthBytes + (at + lengthBytes <= bytes.length ? bytes.readUInt32LE(at) : bytes.length);
    if (end > bytes.length) break;
    try {
      texts.push(decoder.decode(bytes.subarray(at + lengthBytes, end)));
    } catch {
      throw badInference(`input '${name}' has a text that is not UTF-8`);
    }
    at = end;
  }
  if (texts.length === count && at === bytes.length) return texts;
  throw badInference(`input '${name}' does not hold exactly ${count} texts, each behind its length in four bytes`);
};

export const writeBinary = (datatype: Datatype, values: readonly unknown[]): Buffer => {
  if (datatype === 'string') {
    return Buffer.concat(
      values.flatMap((value) => {
        const text = Buffer.from(String(value), 'utf8');
        const length = Buffer.alloc(lengthBytes);
        length.writeUInt32LE(text.length);
        return [length, text];
      }),
    );
  }
  const { bytes: size, write } = fixed[datatype];
  const buffer = Buffer.alloc(values.length * size);
  const view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  for (let at = 0; at < values.length; at++) write(view, at * size, values[at]);
  return buffer;
};
