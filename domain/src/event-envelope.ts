import { type Static, Type } from '@sinclair/typebox';

/**
 * What every event carries besides its own data: CloudEvents 1.0 in structured JSON mode, so that one
 * self-contained string can be hashed, stored and exported.
 * @see https://github.com/cloudevents/spec/blob/v1.0.2/cloudevents/spec.md
 */
export const envelopeSchema = Type.Object({
  specversion: Type.Literal('1.0', { description: 'Of CloudEvents' }),
  id: Type.String({ minLength: 1, maxLength: 128, description: 'Unique per event; a repeat of it is ignored' }),
  source: Type.String({ minLength: 1, maxLength: 128, description: 'The kind of process that appended the event' }),
  type: Type.String({ minLength: 1, maxLength: 64, description: 'What happened: one of the names below' }),
  dataschema: Type.String({ description: 'urn:hindcast:schema:<type>:<integer version>' }),
  datacontenttype: Type.Literal('application/json', { description: 'Of data, which is part of this JSON' }),
  time: Type.String({ description: 'Clock of the process that appended; order never depends on it' }),
  subject: Type.String({ minLength: 1, maxLength: 272, description: 'Id of the thing the event is about' }),
  tenant: Type.String({ minLength: 1, maxLength: 64, description: 'Whose it is; `default` until there are accounts' }),
  partitionkey: Type.String({ minLength: 1, maxLength: 337, description: 'tenant/subject: the record key' }),
  correlationid: Type.Optional(Type.String({ maxLength: 256, description: 'Joins events of one client action' })),
  causationid: Type.Optional(Type.String({ maxLength: 128, description: 'Id of the event that this one answers' })),
  traceparent: Type.Optional(Type.String({ maxLength: 64, description: 'W3C trace context of the request' })),
});

export type Envelope = Static<typeof envelopeSchema>;

/** An event of a given type: the envelope and its data. Events are never mutated once they are made. */
export type EventOf<Name extends string, Data> = Readonly<Omit<Envelope, 'type'>> & {
  readonly type: Name;
  readonly data: Readonly<Data>;
};

/** The default tenant, used until accounts exist. */
export const DEFAULT_TENANT = 'default';

/** The record key of everything that belongs to one subject of one tenant. */
export const keyOf = (tenant: string, subject: string): string => `${tenant}/${subject}`;
