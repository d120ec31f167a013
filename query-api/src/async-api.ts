import {
  type EventType,
  envelopeSchema,
  eventData,
  jobEventData,
  modelEventData,
  predictionEventData,
  schemaVersions,
  TOPICS,
} from '@hindcast/domain';
import { type TSchema, Type } from '@sinclair/typebox';
import { exampleEvent } from './event-examples.ts';

export interface EventChannel {
  readonly name: string;
  readonly address: string;
  readonly description: string;
  readonly types: readonly (keyof typeof eventData)[];
}

/** What the topics of the log carry. */
export const eventChannels: readonly EventChannel[] = [
  {
    name: 'predictions',
    address: TOPICS.predictions,
    description: 'Everything that happens to predictions. All events of one prediction are in one partition, in order.',
    types: ['LogOpened', ...(Object.keys(predictionEventData) as (keyof typeof predictionEventData)[])],
  },
  {
    name: 'models',
    address: TOPICS.models,
    description: 'Everything that happens to models, in one partition.',
    types: ['LogOpened', ...(Object.keys(modelEventData) as (keyof typeof modelEventData)[])],
  },
  {
    name: 'jobs',
    address: TOPICS.jobs,
    description: 'Everything that happens to jobs: long work, such as the rebuild of a view.',
    types: ['LogOpened', ...(Object.keys(jobEventData) as (keyof typeof jobEventData)[])],
  },
  {
    name: 'audit',
    address: TOPICS.audit,
    description: 'Signed checkpoints of the partitions of all other topics.',
    types: ['LogOpened', 'AuditCheckpointSigned'],
  },
];

const payloadOf = (type: keyof typeof eventData): TSchema =>
  Type.Object({
    ...envelopeSchema.properties,
    type: Type.Literal(type),
    dataschema: Type.Literal(`urn:hindcast:schema:${type}:${schemaVersions[type] ?? 1}`),
    data: eventData[type],
  });

/** The AsyncAPI 3.0 description of the log, made from the schemas that the code itself uses. */
export const asyncApi = (version: string) => ({
  asyncapi: '3.0.0',
  info: {
    title: 'Hindcast events',
    version,
    description:
      'CloudEvents 1.0 in structured JSON mode. The record key is `tenant/subject`; GET /v1/events reads them over HTTP.',
    license: { name: 'Apache-2.0' },
  },
  defaultContentType: 'application/cloudevents+json',
  channels: Object.fromEntries(
    eventChannels.map(({ name, address, description, types }) => [
      name,
      {
        address,
        description,
        messages: Object.fromEntries(types.map((type) => [type, { $ref: `#/components/messages/${type}` }])),
      },
    ]),
  ),
  operations: Object.fromEntries(
    eventChannels.map(({ name, types }) => [
      `read-${name}`,
      {
        action: 'receive',
        channel: { $ref: `#/channels/${name}` },
        messages: types.map((type) => ({ $ref: `#/channels/${name}/messages/${type}` })),
      },
    ]),
  ),
  components: {
    messages: Object.fromEntries(
      Object.keys(eventData).map((type) => [
        type,
        {
          name: type,
          title: type,
          contentType: 'application/cloudevents+json',
          headers: { $ref: '#/components/schemas/RecordHeaders' },
          payload: { $ref: `#/components/schemas/${type}` },
          examples: [{ payload: exampleEvent(type as EventType) }],
        },
      ]),
    ),
    schemas: {
      RecordHeaders: Type.Object({
        type: Type.String({ description: 'Repeated from the event, so that a record can be skipped unparsed' }),
        model: Type.Optional(Type.String()),
        pool: Type.Optional(Type.String()),
        door: Type.Optional(Type.String({ description: 'Which of several command APIs accepted the request' })),
        kind: Type.Optional(Type.String()),
        traceparent: Type.Optional(Type.String()),
      }),
      ...Object.fromEntries(
        (Object.keys(eventData) as (keyof typeof eventData)[]).map((type) => [type, payloadOf(type)]),
      ),
    },
  },
});
