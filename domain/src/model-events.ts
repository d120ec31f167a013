import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';
import { failureSchema } from './prediction-events.ts';
import { modelSignatureSchema } from './signature/model-signature.ts';

const sha256 = (description: string) => Type.String({ pattern: '^[0-9a-f]{64}$', description });
const version = (description: string) => Type.Integer({ minimum: 1, description });

/** Limits and defaults that hold for every prediction of one model version. */
export const modelSettingsSchema = Type.Object(
  {
    pool: Type.String({ default: 'default', description: 'Which workers run it' }),
    deadlineMs: Type.Integer({ minimum: 1, description: 'For a request that names none' }),
    timeoutMs: Type.Integer({ minimum: 1, description: 'Of one run in the runtime' }),
    batchMax: Type.Integer({ minimum: 1, description: 'Rows in one run' }),
  },
  { description: 'Limits of its predictions, and who runs them' },
);
export type ModelSettings = Static<typeof modelSettingsSchema>;

/** What the trial of a version found that is no reason to refuse it. */
export const modelWarningSchema = Type.Object({
  code: Type.Literal('rows_not_independent', {
    description: 'Rows of one run change the answers of each other, so that one at a time is run',
  }),
  detail: Type.String({ description: 'For people' }),
});
export type ModelWarning = Static<typeof modelWarningSchema>;

/**
 * The artifact is durable before this event exists. The fold gives the version: the next number, in log order, unless the
 * model has a version of the same file, signature, settings, example and description.
 */
export const modelRegisteredData = Type.Object({
  sha256: sha256('Digest of the file'),
  bytes: Type.Integer({ minimum: 1, description: 'Size of the file' }),
  description: Type.Optional(Type.String({ maxLength: 4096, description: 'For people' })),
  signature: modelSignatureSchema,
  settings: modelSettingsSchema,
  example: Type.Unknown({ description: 'An input that is accepted as it stands' }),
  opset: Type.Record(Type.String(), Type.Integer(), { description: 'Versions of the operator sets, by domain' }),
  irVersion: Type.Integer({ description: 'Version of the file format' }),
  warnings: Type.Optional(
    Type.Array(modelWarningSchema, { description: 'What its trial found that is no reason to refuse it' }),
  ),
});

export const routingSchema = Type.Object(
  {
    champion: version('Answers what no canary takes'),
    canary: Type.Array(
      Type.Object(
        {
          version: version('That takes a share'),
          share: Type.Number({ exclusiveMinimum: 0, exclusiveMaximum: 1, description: 'Of the requests' }),
        },
        { additionalProperties: false },
      ),
      { maxItems: 8, description: 'Versions that are tried on a share of the requests' },
    ),
  },
  { description: 'Which versions answer requests that name none' },
);
export type Routing = Static<typeof routingSchema>;

/** `base` is the revision that the mover saw: of two racing moves from one base the first in the log wins. */
export const modelRoutingMovedData = Type.Object({
  routing: routingSchema,
  base: Type.Integer({
    minimum: 0,
    description: 'Revision of the model that the mover saw; from any other it is ignored',
  }),
});
export const modelPausedData = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 512, description: 'In the words of whoever paused it' })),
});
export const modelResumedData = Type.Object({});
export const modelVersionRetiredData = Type.Object({ version: version('That takes no new predictions') });
/** Stops every version of the model that is this file. */
export const modelVersionQuarantinedData = Type.Object({
  sha256: sha256('Digest of the file: every version that is this file stops'),
  error: failureSchema,
});

/** Every event of a model's stream, by type. */
export const modelEventData = {
  ModelRegistered: modelRegisteredData,
  ModelRoutingMoved: modelRoutingMovedData,
  ModelPaused: modelPausedData,
  ModelResumed: modelResumedData,
  ModelVersionRetired: modelVersionRetiredData,
  ModelVersionQuarantined: modelVersionQuarantinedData,
} as const satisfies Record<string, TSchema>;

type ModelEventData = typeof modelEventData;
export type ModelEventType = keyof ModelEventData;
export type ModelEventOf<T extends ModelEventType> = EventOf<T, Static<ModelEventData[T]>>;
export type ModelEvent = { [T in ModelEventType]: ModelEventOf<T> }[ModelEventType];
