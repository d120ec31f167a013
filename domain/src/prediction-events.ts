import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';

const id = Type.String({ minLength: 1, maxLength: 128 });
const sha256 = Type.String({ pattern: '^[0-9a-f]{64}$' });
const milliseconds = Type.Number({ minimum: 0 });

/** Where a payload too large for the log is kept: the artifact store, by its digest. */
export const dataRefSchema = Type.Object({ sha256, bytes: Type.Integer({ minimum: 0 }) });
export type DataRef = Static<typeof dataRefSchema>;

/** A stable code, and a text that says what to do. */
export const failureSchema = Type.Object({
  code: Type.String({ minLength: 1, maxLength: 64 }),
  detail: Type.String({ maxLength: 2048 }),
});
export type Failure = Static<typeof failureSchema>;

export const prioritySchema = Type.Union([Type.Literal('high'), Type.Literal('normal'), Type.Literal('low')]);
export type Priority = Static<typeof prioritySchema>;

export const predictionRequestedData = Type.Object({
  model: Type.String({ description: 'Name of the model, without a version' }),
  version: Type.Integer({ minimum: 1, description: 'Decided at accept; later routing moves do not change it' }),
  sha256,
  pool: Type.String({ description: 'Which workers run it' }),
  role: Type.Union([Type.Literal('champion'), Type.Literal('canary'), Type.Literal('pinned')]),
  share: Type.Optional(Type.Number({ description: 'Share of the traffic that the routing gave this version' })),
  input: Type.Optional(Type.Unknown({ description: 'As the client sent it, with its names' })),
  inputRef: Type.Optional(dataRefSchema),
  requestHash: Type.String({ description: "sha256 of the client's canonical request" }),
  entity: Type.Optional(Type.String({ maxLength: 256 })),
  referenceId: Type.Optional(Type.String({ maxLength: 256 })),
  eventTime: Type.Optional(Type.String()),
  context: Type.Optional(Type.Record(Type.String(), Type.Unknown())),
  priority: prioritySchema,
  deadlineMs: Type.Integer({ minimum: 1, description: 'Counted from the time the log stored the event' }),
  batchId: Type.Optional(id),
  batchIndex: Type.Optional(Type.Integer({ minimum: 0 })),
  batchHash: Type.Optional(
    Type.String({ ...sha256, description: 'Under an idempotency key: sha256 over the whole batch that was sent' }),
  ),
  batchItems: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Under an idempotency key: items that were sent, refused ones too' }),
  ),
});

export const predictionAttemptStartedData = Type.Object({
  attempt: Type.Integer({ minimum: 1 }),
  reason: Type.Union([
    Type.Literal('recovered', { description: 'Found open when the partition was assigned' }),
    Type.Literal('runtime_crashed', { description: 'The inference child died while it held the prediction' }),
    Type.Literal('long_running', {
      description: 'Nobody had announced the attempt, and it has taken more than a second',
    }),
  ]),
  worker: id,
});

/** What anybody needs to run the prediction again and compare bits. */
export const provenanceSchema = Type.Object({
  sha256,
  runtime: Type.String({ description: 'Name and version, such as onnxruntime-node/1.30.0' }),
  threads: Type.Integer({ minimum: 1 }),
  batchSize: Type.Integer({ minimum: 1 }),
  batchIndex: Type.Integer({ minimum: 0 }),
  inputHash: Type.String({ description: 'sha256 of the JSON text of the input' }),
  outputHash: Type.String({ description: 'sha256 of the JSON text of the output' }),
});
export type Provenance = Static<typeof provenanceSchema>;

export const predictionSucceededData = Type.Object({
  output: Type.Optional(Type.Unknown()),
  outputRef: Type.Optional(dataRefSchema),
  provenance: provenanceSchema,
  queuedMs: milliseconds,
  inferenceMs: milliseconds,
});
export const predictionFailedData = Type.Object({ error: failureSchema, queuedMs: milliseconds });
export const predictionCanceledData = Type.Object({ reason: Type.Optional(Type.String({ maxLength: 512 })) });
export const predictionExpiredData = Type.Object({ deadlineMs: Type.Integer({ minimum: 1 }) });
export const predictionLabeledData = Type.Object({
  value: Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean(), Type.Null()]),
  occurredAt: Type.Optional(Type.String()),
  source: Type.Optional(Type.String({ maxLength: 128 })),
  weight: Type.Optional(Type.Number({ minimum: 0 })),
});
export type Label = Static<typeof predictionLabeledData>;

/** Every event of a prediction's stream, by type. All of them share one topic, so that their order is total. */
export const predictionEventData = {
  PredictionRequested: predictionRequestedData,
  PredictionAttemptStarted: predictionAttemptStartedData,
  PredictionSucceeded: predictionSucceededData,
  PredictionFailed: predictionFailedData,
  PredictionCanceled: predictionCanceledData,
  PredictionExpired: predictionExpiredData,
  PredictionLabeled: predictionLabeledData,
} as const satisfies Record<string, TSchema>;

type PredictionEventData = typeof predictionEventData;
export type PredictionEventType = keyof PredictionEventData;
export type PredictionEventOf<T extends PredictionEventType> = EventOf<T, Static<PredictionEventData[T]>>;
export type PredictionEvent = { [T in PredictionEventType]: PredictionEventOf<T> }[PredictionEventType];
export type PredictionRequested = PredictionEventOf<'PredictionRequested'>;
