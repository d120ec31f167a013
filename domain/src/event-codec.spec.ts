import { readdirSync, readFileSync } from 'node:fs';
import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type DomainEvent, type EventType, eventData } from './domain-events.ts';
import { decode, encode, makeEvent } from './event-codec.ts';
import { envelopeSchema, keyOf } from './event-envelope.ts';
import { type RecordedRecord, TOPICS } from './event-log.ts';
import type { PredictionRequested } from './prediction-events.ts';

const fixtures = new URL('../fixtures/', import.meta.url);
const fixtureOf = (name: string): string => readFileSync(new URL(name, fixtures), 'utf8');
/** As the log stored it: the fixture file is laid out for reading, which a log is not. */
const storedText = (fixture: string): string => JSON.stringify(JSON.parse(fixture));

const recordOf = (
  value: string,
  key = (JSON.parse(value) as { partitionkey: string }).partitionkey,
): RecordedRecord => ({
  topic: TOPICS.predictions,
  partition: 0,
  offset: 1,
  appendedAt: 1_000,
  key,
  value,
  headers: {},
});

describe.each(Object.keys(eventData) as EventType[])('the stored form of %s, version 1', (type) => {
  const text = storedText(fixtureOf(`${type}.v1.json`));

  it('decodes to an event that fits its schema', () => {
    const decoded = decode(recordOf(text));
    if (!decoded.ok) throw new Error(decoded.detail);
    expect(decoded.event.type).toBe(type);
    expect([...Value.Errors(envelopeSchema, decoded.event)]).toEqual([]);
    expect([...Value.Errors(eventData[type], decoded.event.data)]).toEqual([]);
    expect(Object.keys(eventData[type]['properties'] ?? {}).sort(), 'the fixture shows every field').toEqual(
      Object.keys(decoded.event.data).sort(),
    );
  });

  it('is still what this program writes', () => {
    const event = JSON.parse(text) as DomainEvent;
    const made = makeEvent<DomainEvent>({
      id: event.id,
      source: event.source,
      type,
      at: Date.parse(event.time),
      tenant: event.tenant,
      subject: event.subject,
      correlationId: event.correlationid,
      causationId: event.causationid,
      traceparent: event.traceparent,
      data: event.data,
    });
    const { key, value, headers } = encode(made);
    expect(value).toBe(text);
    expect(key).toBe(keyOf(event.tenant, event.subject));
    expect(headers['type']).toBe(type);
  });
});

it('reads a stored request from before batches under a key were told apart, and from before imports', () => {
  const { data, ...envelope } = JSON.parse(fixtureOf('PredictionRequested.v1.json')) as PredictionRequested;
  const { batchHash: _hash, batchItems: _items, imported: _imported, ...before } = data;
  const decoded = decode(recordOf(JSON.stringify({ ...envelope, data: before })));
  expect(decoded).toMatchObject({ ok: true, event: { data: before } });
  expect([...Value.Errors(eventData.PredictionRequested, before)]).toEqual([]);
});

it('has no fixture of an unknown event', () => {
  const types = readdirSync(fixtures).map((name) => name.replace(/\.v\d+\.json$/, ''));
  expect([...new Set(types)].sort()).toEqual(Object.keys(eventData).sort());
});

describe('decode', () => {
  const requested = JSON.parse(fixtureOf('PredictionRequested.v1.json')) as PredictionRequested;
  const decodeWith = (changes: object) => decode(recordOf(JSON.stringify({ ...requested, ...changes })));

  it.each([
    ['no JSON', '{"specversion":'],
    ['an empty text', ''],
    ['a number', '7'],
    ['null', 'null'],
    ['an array', '[]'],
    ['an empty object', '{}'],
  ])('calls %s undecodable', (_, value) => {
    expect(decode(recordOf(value, 'k'))).toMatchObject({ ok: false, reason: 'undecodable' });
  });

  it.each([
    ['specversion', { specversion: '0.3' }],
    ['id', { id: 7 }],
    ['type', { type: undefined }],
    ['tenant', { tenant: undefined }],
    ['subject', { subject: 5 }],
    ['data', { data: null }],
    ['data', { data: 'text' }],
    ['dataschema', { dataschema: undefined }],
    ['dataschema', { dataschema: 'urn:hindcast:schema:PredictionFailed:1' }],
    ['dataschema', { dataschema: 'urn:hindcast:schema:PredictionRequested:0' }],
    ['dataschema', { dataschema: 'urn:hindcast:schema:PredictionRequested:1x' }],
  ])('calls an envelope with a wrong %s undecodable', (_, changes) => {
    expect(decodeWith(changes)).toMatchObject({ ok: false, reason: 'undecodable' });
  });

  it('calls an envelope under the key of another undecodable', () => {
    expect(decode(recordOf(JSON.stringify(requested), 'acme/another'))).toMatchObject({
      ok: false,
      reason: 'undecodable',
      detail: 'partitionkey and record key differ',
    });
  });

  it('passes over types and versions that a newer program wrote', () => {
    const newer = { type: 'PredictionPraised', dataschema: 'urn:hindcast:schema:PredictionPraised:1' };
    expect(decodeWith(newer)).toMatchObject({ ok: false, reason: 'unknown_type' });
    expect(decodeWith({ dataschema: 'urn:hindcast:schema:PredictionRequested:2' })).toMatchObject({
      ok: false,
      reason: 'unknown_type',
    });
    for (const type of ['constructor', 'toString']) {
      const inherited = { type, dataschema: `urn:hindcast:schema:${type}:1` };
      expect(decodeWith(inherited)).toMatchObject({ ok: false, reason: 'unknown_type' });
    }
  });

  it('takes the event that is at hand instead of parsing', () => {
    const decoded = decode({ ...recordOf('not even JSON', 'k'), event: requested });
    expect(decoded.ok && decoded.event).toBe(requested);
  });
});

it('decodes what was encoded, whatever a client sent', () => {
  const texts = fc.string({ unit: 'binary', minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(
      fc.record({
        id: texts,
        tenant: texts,
        subject: texts,
        at: fc.nat(),
        input: fc.jsonValue(),
        pool: texts,
        model: texts,
      }),
      fc.option(texts, { nil: undefined }),
      ({ input, pool, model, ...draft }, causationId) => {
        const data = { input, pool, model } as PredictionRequested['data'];
        const made = makeEvent<PredictionRequested>({
          ...draft,
          source: 'test',
          type: 'PredictionRequested',
          causationId,
          data,
        });
        const { key, value, headers, event } = encode(made);
        expect(event).toBe(made);
        expect(headers).toEqual({ type: 'PredictionRequested', model, pool });
        const decoded = decode(recordOf(value, key));
        expect(decoded.ok && JSON.stringify(decoded.event)).toBe(value);
        expect(decoded.ok && decoded.event).toEqual(JSON.parse(JSON.stringify(made)));
      },
    ),
  );
});
