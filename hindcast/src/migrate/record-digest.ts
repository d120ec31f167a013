import { createHash } from 'node:crypto';
import type { RecordedRecord } from '@hindcast/domain';

export interface RecordDigest {
  add(record: RecordedRecord): void;
  /** Hexadecimal; ends the digest. */
  sha256(): string;
}

/** The record as one line of JSON: offset, key, value, headers by name, time of storage. */
const lineOf = ({ offset, key, value, headers, appendedAt }: RecordedRecord): string => {
  const sorted = Object.entries(headers).sort(([a], [b]) => (a < b ? -1 : 1));
  return `${JSON.stringify([offset, key, value, sorted, appendedAt])}\n`;
};

/** SHA-256 over the lines of the records of a partition, in their order. */
export const createRecordDigest = (): RecordDigest => {
  const hash = createHash('sha256');
  return { add: (record) => void hash.update(lineOf(record)), sha256: () => hash.digest('hex') };
};

/** What differs between two records, undefined where nothing does. */
export const differenceOf = (expected: RecordedRecord, found: RecordedRecord): string | undefined => {
  if (expected.offset !== found.offset) return 'offset';
  if (expected.key !== found.key) return 'key';
  if (expected.value !== found.value) return 'value';
  if (expected.appendedAt !== found.appendedAt) return 'time';
  const names = Object.keys(expected.headers);
  const same = names.every((name) => found.headers[name] === expected.headers[name]);
  return same && names.length === Object.keys(found.headers).length ? undefined : 'headers';
};
