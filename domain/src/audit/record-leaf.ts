import type { RecordedRecord } from '../event-log.ts';

/** What of a record is notarized: everything that a reader of the log gets, but for the place that the origin names. */
export type LeafRecord = Pick<RecordedRecord, 'offset' | 'appendedAt' | 'key' | 'headers' | 'value'>;

/** Of the form below. Another form would get another number. */
const leafForm = 1;
const utf8BytesPerUnitMax = 3;
const scratchBytesInitial = 65_536;
/** Up to here a loop is quicker than the call of an encoder. */
const loopUnitsMax = 64;
const encoder = new TextEncoder();

/** Surrogates stand for code points beyond all others, and as units lie below some: here they come last. */
const rankOf = (unit: number): number => (unit < 0xd800 ? unit : unit < 0xe000 ? unit + 0x2000 : unit - 0x800);

/** By code point, which is the order of the UTF-8 bytes. */
const comesBefore = (a: string, b: string): boolean => {
  const shared = Math.min(a.length, b.length);
  for (let at = 0; at < shared; at++) {
    const [left, right] = [a.charCodeAt(at), b.charCodeAt(at)];
    if (left !== right) return rankOf(left) < rankOf(right);
  }
  return a.length < b.length;
};

/** Records have few headers: putting each in its place is quicker than a general sort. */
const sortedNames = (headers: Readonly<Record<string, string>>): readonly string[] => {
  const names = Object.keys(headers);
  for (let at = 1; at < names.length; at++) {
    const name = names[at] as string;
    let to = at;
    for (; to > 0 && comesBefore(name, names[to - 1] as string); to--) names[to] = names[to - 1] as string;
    names[to] = name;
  }
  return names;
};

/**
 * The bytes that stand for a record in the tree, the same whatever adapter stored it. Numbers are unsigned, most
 * significant byte first; a text is the number of its UTF-8 bytes in 4 bytes, and those bytes:
 *
 *     1 byte   the form: 1
 *     8 bytes  offset
 *     8 bytes  appendedAt, ms since 1970
 *     text     key
 *     4 bytes  number of headers; for each, ordered by the bytes of its name: text name, text value
 *     text     value
 *
 * The encoder writes into one buffer behind a byte 0x00, as RFC 6962 hashes a leaf; what it answers is good until the
 * next call.
 */
export const createLeafEncoder = (): ((record: LeafRecord) => Uint8Array) => {
  let bytes = new Uint8Array(scratchBytesInitial);
  let view = new DataView(bytes.buffer);
  let at = 0;

  const reserve = (units: number): void => {
    const wanted = at + units * utf8BytesPerUnitMax + 8;
    if (wanted <= bytes.length) return;
    const larger = new Uint8Array(Math.max(wanted, bytes.length * 2));
    larger.set(bytes);
    bytes = larger;
    view = new DataView(bytes.buffer);
  };

  const writeUint64 = (value: number): void => {
    view.setUint32(at, Math.floor(value / 4_294_967_296));
    view.setUint32(at + 4, value % 4_294_967_296);
    at += 8;
  };

  /** How many bytes it wrote, undefined where the text is not plain ASCII. */
  const writeAscii = (text: string, from: number): number | undefined => {
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > 0x7f) return undefined;
      bytes[from + i] = unit;
    }
    return text.length;
  };

  const writeText = (text: string): void => {
    reserve(text.length);
    const from = at + 4;
    const short = text.length <= loopUnitsMax ? writeAscii(text, from) : undefined;
    const length = short ?? encoder.encodeInto(text, bytes.subarray(from)).written;
    view.setUint32(at, length);
    at = from + length;
  };

  return ({ offset, appendedAt, key, headers, value }) => {
    bytes[0] = 0x00;
    bytes[1] = leafForm;
    at = 2;
    writeUint64(offset);
    writeUint64(appendedAt);
    writeText(key);
    const names = sortedNames(headers);
    reserve(0);
    view.setUint32(at, names.length);
    at += 4;
    for (const name of names) {
      writeText(name);
      writeText(headers[name] ?? '');
    }
    writeText(value);
    return bytes.subarray(0, at);
  };
};
