import { doorHeader } from './backlog-board.ts';
import { type DomainEvent, type EventType, eventData, schemaVersions } from './domain-events.ts';
import { type Envelope, keyOf } from './event-envelope.ts';
import type { NewRecord, RecordedRecord } from './event-log.ts';
import { upcast } from './upcasters.ts';

const isEventType = (type: string): type is EventType => Object.hasOwn(eventData, type);
const dataSchemas = Object.fromEntries(
  Object.keys(eventData).map((type) => [type, `urn:hindcast:schema:${type}:${schemaVersions[type as EventType] ?? 1}`]),
) as Readonly<Record<EventType, string>>;

/** What a maker of events must say; the rest of the envelope follows from it. */
export interface EventDraft<E extends DomainEvent> {
  readonly id: string;
  readonly source: string;
  readonly type: E['type'];
  /** Milliseconds since 1970, by the maker's clock. */
  readonly at: number;
  readonly tenant: string;
  readonly subject: string;
  readonly correlationId?: string | undefined;
  readonly causationId?: string | undefined;
  readonly traceparent?: string | undefined;
  readonly data: E['data'];
}

/** Members that are undefined are no members of the event: JSON has none of them. */
export const makeEvent = <E extends DomainEvent>(draft: EventDraft<E>): E =>
  ({
    specversion: '1.0',
    id: draft.id,
    source: draft.source,
    type: draft.type,
    dataschema: dataSchemas[draft.type],
    datacontenttype: 'application/json',
    time: timeText(draft.at),
    subject: draft.subject,
    tenant: draft.tenant,
    partitionkey: keyOf(draft.tenant, draft.subject),
    correlationid: draft.correlationId,
    causationid: draft.causationId,
    traceparent: draft.traceparent,
    data: draft.data,
  }) as unknown as E;

let lastTime = { at: 0, text: new Date(0).toISOString() };

/** Events come in bursts of one millisecond, and the text of a time costs as much as the rest of an event. */
const timeText = (at: number): string => {
  if (at !== lastTime.at) lastTime = { at, text: new Date(at).toISOString() };
  return lastTime.text;
};

/**
 * The record of an event. The headers repeat what lets a consumer skip a record without parsing it, and name the door
 * that accepted a request where there are several.
 */
export const encode = (event: DomainEvent, door?: string): NewRecord => {
  const headers: Record<string, string> = { type: event.type };
  if (event.type === 'PredictionRequested') {
    headers['model'] = event.data.model;
    headers['pool'] = event.data.pool;
  }
  if (door !== undefined) headers[doorHeader] = door;
  if (event.type === 'JobRequested') headers['kind'] = event.data.kind;
  if (event.traceparent !== undefined) headers['traceparent'] = event.traceparent;
  return { key: event.partitionkey, value: JSON.stringify(event), headers, event };
};

export type Decoded =
  | { readonly ok: true; readonly event: DomainEvent }
  /** A type from a newer version of Hindcast: counted and passed over. */
  | { readonly ok: false; readonly reason: 'unknown_type'; readonly detail: string }
  /** Not an event at all: goes to the dead letters. */
  | { readonly ok: false; readonly reason: 'undecodable'; readonly detail: string };

const undecodable = (detail: string): Decoded => ({ ok: false, reason: 'undecodable', detail });
const schemaUrn = /^urn:hindcast:schema:([A-Za-z]{1,64}):([1-9][0-9]{0,3})$/;

/**
 * The one place where stored bytes become an event: older versions are upcast here, and this is where encrypted
 * payloads will be opened. Checks the envelope; data written by this code base is trusted to fit its schema, which
 * costs nothing on replay (the golden fixtures guard the writers).
 */
export const decode = (record: RecordedRecord): Decoded => {
  if (record.event) return { ok: true, event: record.event };
  let parsed: unknown;
  try {
    parsed = JSON.parse(record.value);
  } catch {
    return undecodable('the value is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null) return undecodable('the value is not an object');
  const envelope = parsed as Partial<Envelope> & { data?: unknown };
  if (envelope.specversion !== '1.0' || typeof envelope.id !== 'string' || typeof envelope.type !== 'string') {
    return undecodable('the value is not a CloudEvents 1.0 envelope');
  }
  if (envelope.partitionkey !== record.key) return undecodable('partitionkey and record key differ');
  if (typeof envelope.tenant !== 'string' || typeof envelope.subject !== 'string') {
    return undecodable('tenant or subject is missing');
  }
  if (typeof envelope.data !== 'object' || envelope.data === null) return undecodable('data is not an object');
  const schema = schemaUrn.exec(envelope.dataschema ?? '');
  if (!schema || schema[1] !== envelope.type) return undecodable(`dataschema does not fit the type ${envelope.type}`);
  if (!isEventType(envelope.type)) {
    return { ok: false, reason: 'unknown_type', detail: `no event type ${envelope.type} is known here` };
  }
  const version = Number(schema[2]);
  if (version > (schemaVersions[envelope.type] ?? 1)) {
    return {
      ok: false,
      reason: 'unknown_type',
      detail: `${envelope.type} version ${version} is newer than this program`,
    };
  }
  return { ok: true, event: upcast(envelope as unknown as DomainEvent, version) };
};
