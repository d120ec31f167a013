import { LogError, type RecordedRecord, type Topic } from '@hindcast/domain';

/** A stored row: the contiguous records that one flush added to one partition, as Kafka keeps record batches. */
export interface Chunk {
  /** Log time of all its records, ms since 1970. */
  readonly at: number;
  /** Offset of its first record. */
  readonly first: number;
  readonly count: number;
  /** For each record three lengths in bytes (of key, headers and value, 32 bits each, little end first), then their UTF-8. */
  readonly body: Buffer;
}

const lengthsBytes = 12;
const utf8BytesPerUnitMax = 3;
const scratchBytesInitial = 65_536;

/** Parsed headers by their text: a log holds few different ones, unless they carry trace contexts. */
const headersKnownMax = 1_024;
const headersKnown = new Map<string, Readonly<Record<string, string>>>();

const parseHeaders = (text: string): Readonly<Record<string, string>> => {
  const known = headersKnown.get(text);
  if (known) return known;
  const parsed: Readonly<Record<string, string>> = JSON.parse(text);
  if (headersKnown.size >= headersKnownMax) headersKnown.clear();
  headersKnown.set(text, parsed);
  return parsed;
};

/** Writes into one buffer: the body that it answers is good until the next call. */
export const createChunkEncoder = (): ((records: readonly RecordedRecord[]) => Buffer) => {
  let scratch = Buffer.allocUnsafe(scratchBytesInitial);
  let at = 0;

  const reserve = (bytes: number): void => {
    if (scratch.length - at >= bytes) return;
    const larger = Buffer.allocUnsafe(Math.max(scratch.length * 2, at + bytes));
    scratch.copy(larger, 0, 0, at);
    scratch = larger;
  };

  const write = ({ key, value, headers }: RecordedRecord): void => {
    const headersText = JSON.stringify(headers);
    reserve(lengthsBytes + (key.length + headersText.length + value.length) * utf8BytesPerUnitMax);
    const keyAt = at + lengthsBytes;
    const headersAt = keyAt + scratch.write(key, keyAt);
    const valueAt = headersAt + scratch.write(headersText, headersAt);
    const next = valueAt + scratch.write(value, valueAt);
    scratch.writeUInt32LE(headersAt - keyAt, at);
    scratch.writeUInt32LE(valueAt - headersAt, at + 4);
    scratch.writeUInt32LE(next - valueAt, at + 8);
    at = next;
  };

  return (records) => {
    at = 0;
    for (const record of records) write(record);
    return scratch.subarray(0, at);
  };
};

/** Somebody, or a disk, has changed the file: the log itself never leaves out an offset, nor half a record. */
export const damagedAt = (topic: string, partition: number, offset: number, cause?: unknown): LogError =>
  new LogError('damaged', `${topic}, partition ${partition}: the file is damaged at offset ${offset}.`, { cause });

/** Adds the records of the chunk from offset `from`, at most `max`, to `into`. */
export const decodeChunk = (
  topic: Topic,
  partition: number,
  { at: appendedAt, first, count, body }: Chunk,
  { from, max, into }: { readonly from: number; readonly max: number; readonly into: RecordedRecord[] },
): void => {
  const end = Math.min(first + count, Math.max(from, first) + max);
  let at = 0;
  for (let offset = first; offset < end; offset++) {
    if (at + lengthsBytes > body.length) throw damagedAt(topic, partition, offset);
    const keyAt = at + lengthsBytes;
    const headersAt = keyAt + body.readUInt32LE(at);
    const valueAt = headersAt + body.readUInt32LE(at + 4);
    const next = valueAt + body.readUInt32LE(at + 8);
    if (next > body.length) throw damagedAt(topic, partition, offset);
    at = next;
    if (offset < from) continue;
    const key = body.toString('utf8', keyAt, headersAt);
    const value = body.toString('utf8', valueAt, next);
    const headers = headersOf(topic, partition, offset, body.toString('utf8', headersAt, valueAt));
    into.push({ key, value, headers, topic, partition, offset, appendedAt });
  }
  if (end === first + count && at !== body.length) throw damagedAt(topic, partition, end - 1);
};

const headersOf = (topic: string, partition: number, offset: number, text: string) => {
  try {
    return parseHeaders(text);
  } catch (cause) {
    throw damagedAt(topic, partition, offset, cause);
  }
};
