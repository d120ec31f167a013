import {
  bodyFault,
  type FurtherFaults,
  oneOfMissing,
  type ProblemError,
  predictionIdSchema,
} from '@hindcast/adapters/http';
import { canonicalJson, modelNamePattern, type Sha256, unknownSha256 } from '@hindcast/domain';
import { type Static, Type } from '@sinclair/typebox';
import { saidInLabel } from '../labels/said-in-label.ts';

const time = (description: string, example: string) =>
  Type.Optional(Type.String({ format: 'date-time', description, examples: [example] }));
const text = (description: string) => Type.Optional(Type.String({ minLength: 1, maxLength: 256, description }));
const model = Type.Optional(
  Type.String({ pattern: modelNamePattern, description: 'Name of the model; it need not be registered here' }),
);
const modelVersion = Type.Optional(Type.Integer({ minimum: 1, description: 'Its version there' }));

/** A prediction that another system made. */
export const importRowSchema = Type.Object(
  {
    id: Type.Optional(predictionIdSchema),
    model,
    modelVersion,
    modelSha256: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$', description: 'Digest of the file that ran' })),
    input: Type.Unknown({ description: 'As it was asked' }),
    output: Type.Unknown({ description: 'As it was answered, best in the form that Hindcast gives its own answers' }),
    eventTime: time('When what is predicted about happened', '2025-03-01T12:00:00Z'),
    predictedAt: time('When it was predicted, where that is another time', '2025-03-01T12:00:01Z'),
    entity: text('What the prediction is about'),
    referenceId: text("The client's own id"),
    context: Type.Optional(Type.Object({}, { additionalProperties: true, description: 'Kept beside the input' })),
    label: Type.Optional(Type.Object(saidInLabel, { additionalProperties: false, description: 'What came true' })),
  },
  { additionalProperties: false },
);
type ImportRow = Static<typeof importRowSchema>;

export const importQuerySchema = Type.Object(
  {
    source: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 128,
        description: 'The system that made them; default: import. Rows that were there already keep theirs',
      }),
    ),
    model,
    modelVersion,
  },
  { additionalProperties: false },
);
export type ImportQuery = Static<typeof importQuerySchema>;

/** A row with all that it left to the query and to its content. */
export interface Import extends ImportRow {
  readonly id: string;
  readonly model: string;
  readonly modelVersion: number;
  readonly modelSha256: string;
  readonly predictedAt: string;
  /** Digest of the row without its id and label. */
  readonly requestHash: string;
}

interface Making {
  readonly sha256: Sha256;
  readonly contextBytesMax: number;
  idOf(requestHash: string): string;
}

const schemaFault = bodyFault(importRowSchema);

/** The query may say what rows do not. */
const furtherFaults =
  (query: ImportQuery, { contextBytesMax }: Making): FurtherFaults =>
  ({ model, modelVersion, eventTime, predictedAt, context }) => {
    const errors: ProblemError[] = [];
    if (model === undefined && query.model === undefined)
      errors.push({ pointer: '/model', detail: 'Needed, in each row or as ?model=.' });
    if (modelVersion === undefined && query.modelVersion === undefined)
      errors.push({ pointer: '/modelVersion', detail: 'Needed, in each row or as ?modelVersion=.' });
    if (eventTime === undefined && predictedAt === undefined) errors.push(oneOfMissing(['eventTime', 'predictedAt']));
    if (context !== undefined && Buffer.byteLength(JSON.stringify(context)) > contextBytesMax)
      errors.push({ pointer: '/context', detail: `Expected at most ${contextBytesMax} bytes as JSON.` });
    return errors;
  };

/**
 * Checks rows and completes them. Without an id of its own a row has that of its content, but for its label: the same row is
 * the same prediction however often it comes, and a label may come later.
 * @throws Problem `invalid-body`
 */
export const rowCompleter = (query: ImportQuery, making: Making): ((json: unknown) => Import) => {
  const further = furtherFaults(query, making);
  return (json) => {
    const wrong = schemaFault(json, further);
    if (wrong) throw wrong;
    const { id, label, ...said } = json as ImportRow;
    const content = {
      ...said,
      model: said.model ?? (query.model as string),
      modelVersion: said.modelVersion ?? (query.modelVersion as number),
      predictedAt: said.predictedAt ?? (said.eventTime as string),
    };
    const requestHash = making.sha256(canonicalJson(content));
    return {
      ...content,
      modelSha256: said.modelSha256 ?? unknownSha256,
      ...(label === undefined ? undefined : { label }),
      id: id ?? making.idOf(requestHash),
      requestHash,
    };
  };
};
