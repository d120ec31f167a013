import { decode, type EventType, encode, eventData, schemaVersions, TOPICS } from '@hindcast/domain';
import { Value } from '@sinclair/typebox/value';
import { describe, expect, it } from 'vitest';
import { readRootFile } from './source-files.ts';

const types = Object.keys(eventData) as EventType[];
const versions = types.flatMap((type) =>
  Array.from({ length: schemaVersions[type] ?? 1 }, (_, at) => ({ type, version: at + 1 })),
);

/** Text that a log may hold: one event of each type and version, as it was written then. These files never change. */
const golden = (type: EventType, version: number): string =>
  readRootFile(`tests/architecture/golden/${type}.v${version}.ndjson`).trimEnd();

const read = (type: EventType, version: number) => {
  const value = golden(type, version);
  const { partitionkey: key } = JSON.parse(value) as { partitionkey: string };
  return decode({ topic: TOPICS.predictions, partition: 0, offset: 1, appendedAt: 1, key, value, headers: {} });
};

describe('what is in a log', () => {
  it.each(versions)('is read for ever: $type, version $version', ({ type, version }) => {
    const decoded = read(type, version);
    expect(decoded).toMatchObject({ ok: true, event: { type } });
    if (decoded.ok) expect([...Value.Errors(eventData[type], decoded.event.data)]).toEqual([]);
  });

  it.each(types)('is written as it was: %s', (type) => {
    const version = schemaVersions[type] ?? 1;
    const decoded = read(type, version);
    expect(decoded.ok && encode(decoded.event).value).toBe(golden(type, version));
  });
});
