import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';

const id = (description: string) => Type.String({ minLength: 1, maxLength: 128, description });
const sha256 = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description });
const milliseconds = (description: string) => Type.Number({ minimum: 0, description });
const queuedMs = milliseconds('From the time the log stored the request to the start of the run');

/** Where a payload too large for the log is kept: the artifact store, by its digest. */
export const dataRefSchema = Type.Object(
  { sha256: sha256('Digest of the content'), bytes: Type.Integer({ minimum: 0, description: 'Its size' }) },
  { description: 'Where it is in the artifact store, being too large for the event' },
);
export type DataRef = Static<typeof dataRefSchema>;

/** A stable code, and a text that says what to do. */
export const failureSchema = Type.Object(
  {
    code: Type.String({ minLength: 1, maxLength: 64, description: 'Stable, for programs' }),
    detail: Type.String({ maxLength: 2048, description: 'For people' }),
  },
  { description: 'What went wrong' },
);
export type Failure = Static<typeof failureSchema>;

export const prioritySchema = Type.Union([Type.Literal('high'), Type.Literal('normal'), Type.Literal('low')], {
  description: 'Which of several waiting ones runs first; none of them starves',
});
export type Priority = Static<typeof prioritySchema>;

export const predictionRoleSchema = Type.Union(
  (['champion', 'canary', 'pinned', 'imported'] as const).map((role) => Type.Literal(role)),
  {
    description:
      'Why this version: the routing chose it (champion, canary), the request named it (pinned), or it was made elsewhere ' +
      '(imported)',
  },
);
export type PredictionRole = Static<typeof predictionRoleSchema>;

/** Of a prediction that another system made before: nobody here runs it, ends it in its place, or can run it again. */
export const importedSchema = Type.Object(
  {
    source: Type.String({ minLength: 1, maxLength: 128, description: 'The system that made it' }),
    at: Type.String({ description: 'When it was made there' }),
  },
  { description: 'It was made before, by another system, and came in with its answer' },
);
export type Imported = Static<typeof importedSchema>;

/** Which workers run what was imported: no pool of a model can have this name. */
export const importedPool = '@imported';
/** Digest of a file that nobody knows. */
export const unknownSha256 = '0'.repeat(64);

export const predictionRequestedData = Type.Object({
  model: Type.String({ description: 'Name of the model, without a version' }),
  version: Type.Integer({ minimum: 1, description: 'Decided at accept; later routing moves do not change it' }),
  sha256: sha256("Digest of that version's file; zeros where it was imported and nobody knows the file"),
  pool: Type.String({ description: 'Which workers run it' }),
  role: predictionRoleSchema,
  share: Type.Optional(Type.Number({ description: 'Share of the traffic that the routing gave this version' })),
  input: Type.Optional(Type.Unknown({ description: 'As the client sent it, with its names' })),
  inputRef: Type.Optional(dataRefSchema),
  requestHash: Type.String({ description: "sha256 of the client's canonical request" }),
  entity: Type.Optional(Type.String({ maxLength: 256, description: 'What the prediction is about' })),
  referenceId: Type.Optional(Type.String({ maxLength: 256, description: "The client's own id" })),
  eventTime: Type.Optional(Type.String({ description: 'When what is predicted about happened' })),
  context: Type.Optional(
    Type.Record(Type.String(), Type.Unknown(), { description: 'Kept beside the input, never given to the model' }),
  ),
  priority: prioritySchema,
  deadlineMs: Type.Integer({ minimum: 1, description: 'Counted from the time the log stored the event' }),
  batchId: Type.Optional(id('Joins the predictions of one request')),
  batchIndex: Type.Optional(Type.Integer({ minimum: 0, description: 'Place in that request, from 0' })),
  batchHash: Type.Optional(sha256('Under an idempotency key: sha256 over the whole batch that was sent')),
  batchItems: Type.Optional(
    Type.Integer({ minimum: 1, description: 'Under an idempotency key: items that were sent, refused ones too' }),
  ),
  imported: Type.Optional(importedSchema),
});

export const predictionAttemptStartedData = Type.Object({
  attempt: Type.Integer({ minimum: 1, description: 'Counted from 1' }),
  reason: Type.Union(
    [
      Type.Literal('recovered', { description: 'Found open when the partition was assigned' }),
      Type.Literal('runtime_crashed', { description: 'The inference child died while it held the prediction' }),
      Type.Literal('long_running', {
        description: 'Nobody had announced the attempt, and it has taken more than a second',
      }),
    ],
    { description: 'Why the log is told: it was found open, a run of it crashed, or it has run for over a second' },
  ),
  worker: id('Who runs it'),
});

/** What anybody needs to run the prediction again and compare bits. What was imported has none: it never ran here. */
export const provenanceSchema = Type.Object(
  {
    sha256: sha256('Digest of the file that ran'),
    runtime: Type.String({ description: 'Name and version, such as onnxruntime-node/1.30.0' }),
    threads: Type.Integer({ minimum: 1, description: 'That one run uses' }),
    batchSize: Type.Integer({ minimum: 1, description: 'Rows of the run' }),
    batchIndex: Type.Integer({ minimum: 0, description: 'Which of them it was, from 0' }),
    inputHash: Type.String({ description: 'sha256 of the JSON text of the input' }),
    outputHash: Type.String({ description: 'sha256 of the JSON text of the output' }),
  },
  { description: 'What it takes to run it again and compare bits' },
);
export type Provenance = Static<typeof provenanceSchema>;

export const predictionSucceededData = Type.Object({
  output: Type.Optional(Type.Unknown({ description: 'By output name' })),
  outputRef: Type.Optional(dataRefSchema),
  provenance: Type.Optional(provenanceSchema),
  queuedMs: Type.Optional(queuedMs),
  inferenceMs: Type.Optional(milliseconds('Of the run, which rows share')),
});
export const predictionFailedData = Type.Object({ error: failureSchema, queuedMs });
export const predictionCanceledData = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 512, description: 'In the words of whoever canceled it' })),
});
export const predictionExpiredData = Type.Object({
  deadlineMs: Type.Integer({ minimum: 1, description: 'The deadline that has passed, as the request has it' }),
  reason: Type.Optional(Type.String({ maxLength: 512, description: 'What held it up, where that is known' })),
});
export const predictionLabeledData = Type.Object({
  value: Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean(), Type.Null()], {
    description: 'What came true',
  }),
  occurredAt: Type.Optional(Type.String({ description: 'When it came true' })),
  source: Type.Optional(Type.String({ maxLength: 128, description: 'Who says so' })),
  weight: Type.Optional(Type.Number({ minimum: 0, description: 'How much it counts; 1 where it is not given' })),
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

export const isPredictionEvent = (event: { readonly type: string }): event is PredictionEvent =>
  Object.hasOwn(predictionEventData, event.type);
