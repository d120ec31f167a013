/// <reference lib="es2024.string" />
import { LogError, type NewRecord, recordBytesMax } from './event-log.ts';

const encoder = new TextEncoder();
/** UTF-8 never takes more than this per UTF-16 unit, so that most texts need not be measured. */
const utf8BytesPerUnitMax = 3;

const unitsOf = (record: NewRecord): number => {
  let units = record.key.length + record.value.length;
  for (const name in record.headers) units += name.length + (record.headers[name]?.length ?? 0);
  return units;
};

const bytesOf = (text: string): number => encoder.encode(text).length;

/** Bytes of key, value and headers as UTF-8. */
const recordBytes = (record: NewRecord): number => {
  let bytes = bytesOf(record.key) + bytesOf(record.value);
  for (const name in record.headers) bytes += bytesOf(name) + bytesOf(record.headers[name] ?? '');
  return bytes;
};

/** The refusal of a record that no log may take, undefined for all others. */
export const refusalOf = (record: NewRecord): LogError | undefined => {
  if (unitsOf(record) * utf8BytesPerUnitMax <= recordBytesMax) return undefined;
  const bytes = recordBytes(record);
  if (bytes <= recordBytesMax) return undefined;
  return new LogError(
    'record_too_large',
    `The record of ${bytes} bytes is over the limit of ${recordBytesMax}: put the payload into the artifact store.`,
  );
};

/**
 * The log stores UTF-8, which has no form for half of a surrogate pair: it becomes U+FFFD before the record is stored,
 * so that every reader of every adapter sees the same text. `JSON.stringify` never makes such a text.
 */
export const wellFormed = (record: NewRecord): NewRecord =>
  record.value.isWellFormed() && record.key.isWellFormed()
    ? record
    : { key: record.key.toWellFormed(), value: record.value.toWellFormed(), headers: record.headers };
