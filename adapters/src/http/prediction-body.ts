import {
  type EndedPrediction,
  type Failure,
  formatPosition,
  importedSchema,
  isEnded,
  type OpenPrediction,
  type PredictionDoc,
  predictionLabeledData,
  predictionRoleSchema,
  prioritySchema,
  STATUSES,
  unknownSha256,
} from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { problemSchema } from './problem.ts';
import { isProblemCode, problems } from './problems.ts';

const dateTime = (description: string) => Type.String({ format: 'date-time', description });

/** Why a queued prediction does not run, in answers about that one. */
export const heldBySchema = Type.Optional(
  Type.Literal('model-paused', {
    description: 'Of a queued one: it waits until its model is resumed, or until its deadline. Lists do not tell it',
  }),
);
export const heldByPause = { heldBy: 'model-paused' } as const;

/** Of the routes that stand beside others. */
export const classicInterface =
  'Does the same, under the name that it has in the classic interface of two calls: POST /predict and GET /getResults.';

const link = Type.String();
export const predictionLinksSchema = Type.Object({
  self: link,
  events: link,
  stream: link,
  labels: link,
  cancel: link,
});

/** A prediction as every interface shows it. */
export const predictionSchema = Type.Object(
  {
    id: Type.String({ examples: ['0198c2f0-5a3e-7cc1-9d3a-2f1f0f6f1a11'] }),
    status: Type.Union(STATUSES.map((status) => Type.Literal(status))),
    heldBy: heldBySchema,
    model: Type.String({ examples: ['churn'] }),
    modelVersion: Type.Integer({ minimum: 1 }),
    modelSha256: Type.Union([Type.String(), Type.Null()], {
      description: 'Digest of the file that answers; null where something was imported that does not say',
    }),
    role: predictionRoleSchema,
    priority: prioritySchema,
    createdAt: dateTime('When the log stored the request'),
    endedAt: Type.Optional(dateTime('When the log stored what ended it')),
    output: Type.Optional(Type.Unknown({ description: 'Of a prediction that succeeded' })),
    outputRef: Type.Optional(
      Type.Object(
        { sha256: Type.String(), bytes: Type.Integer() },
        {
          description:
            'Where an output over 256 KiB is kept. Lists and replays show it instead of the output; an answer about one ' +
            'prediction has the output too, up to 8 MiB; GET /v1/predictions/{id}/output has it whatever its size',
        },
      ),
    ),
    error: Type.Optional(Type.Composite([Type.Omit(problemSchema, ['status'])])),
    timings: Type.Optional(
      Type.Object({ queuedMs: Type.Optional(Type.Number()), inferenceMs: Type.Optional(Type.Number()) }),
    ),
    attempts: Type.Integer({ minimum: 0 }),
    entity: Type.Optional(Type.String()),
    referenceId: Type.Optional(Type.String()),
    eventTime: Type.Optional(Type.String()),
    batchId: Type.Optional(Type.String()),
    batchIndex: Type.Optional(Type.Integer()),
    imported: Type.Optional(importedSchema),
    deadlineMs: Type.Integer({ description: 'Counted from createdAt' }),
    requestHash: Type.String({ description: "sha256 of the client's canonical request" }),
    labels: Type.Optional(Type.Array(Type.Composite([predictionLabeledData, Type.Object({ at: Type.String() })]))),
    position: Type.String({ description: 'Last log position that this answer has seen', examples: ['0:7:4211'] }),
    links: predictionLinksSchema,
  },
  { $id: 'Prediction', description: 'A prediction as far as it has come' },
);
export type PredictionBody = Static<typeof predictionSchema>;

export type KnownPredictionDoc = PredictionDoc & { readonly state: OpenPrediction | EndedPrediction };

/** Labels may be folded before the request is: such a document is not yet a prediction to anybody outside. */
export const isKnown = (doc: PredictionDoc): doc is KnownPredictionDoc => doc.state.status !== 'unknown';

export const predictionPath = (id: string): string => `/v1/predictions/${id}`;

export const predictionLinks = (id: string) => {
  const self = predictionPath(id);
  const events = `${self}/events`;
  return { self, events, stream: events, labels: `${self}/labels`, cancel: `${self}/cancel` };
};

export const positionOf = (doc: PredictionDoc): string =>
  formatPosition({ epoch: doc.epoch, partition: doc.partition, offset: doc.pos });

/** The revision of a document: its position in the log. */
export const etagOf = (doc: PredictionDoc): string => `"${positionOf(doc)}"`;

/** Why a prediction ended without an output, in the form of every other error. */
export const failureBody = ({ code, detail }: Failure) => {
  const known = code.replaceAll('_', '-');
  const page = isProblemCode(known) ? known : 'prediction-failed';
  return { type: `/problems/${page}`, title: problems[page].title, code, detail };
};

const iso = (at: number): string => new Date(at).toISOString();

export const predictionBody = (doc: KnownPredictionDoc) => {
  const { state, id } = doc;
  const { request } = state;
  return {
    id,
    status: state.status,
    model: request.model,
    modelVersion: request.version,
    modelSha256: request.sha256 === unknownSha256 ? null : request.sha256,
    role: request.role,
    priority: request.priority,
    createdAt: iso(request.at),
    ...(isEnded(state) ? endOf(state) : undefined),
    attempts: state.attempts,
    ...(request.entity === undefined ? undefined : { entity: request.entity }),
    ...(request.referenceId === undefined ? undefined : { referenceId: request.referenceId }),
    ...(request.eventTime === undefined ? undefined : { eventTime: request.eventTime }),
    ...(request.batchId === undefined ? undefined : { batchId: request.batchId, batchIndex: request.batchIndex ?? 0 }),
    ...(request.imported === undefined ? undefined : { imported: request.imported }),
    deadlineMs: request.deadlineMs,
    requestHash: request.requestHash,
    ...(state.labels.length === 0
      ? undefined
      : { labels: state.labels.map(({ offset: _, revision: __, at, ...label }) => ({ ...label, at: iso(at) })) }),
    position: positionOf(doc),
    links: predictionLinks(id),
  };
};

const endOf = ({ endedAt, output, outputRef, error, queuedMs, inferenceMs }: EndedPrediction) => ({
  endedAt: iso(endedAt),
  ...(output === undefined ? undefined : { output }),
  ...(outputRef === undefined ? undefined : { outputRef }),
  ...(error === undefined ? undefined : { error: failureBody(error) }),
  ...(queuedMs === undefined && inferenceMs === undefined
    ? undefined
    : {
        timings: {
          ...(queuedMs === undefined ? undefined : { queuedMs }),
          ...(inferenceMs === undefined ? undefined : { inferenceMs }),
        },
      }),
});
