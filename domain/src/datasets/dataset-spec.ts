import { type Static, Type } from '@sinclair/typebox';
import { predictionRoleSchema } from '../prediction-events.ts';

/** Where a list of the spec may have more entries, nobody has needed them. */
const entriesMax = 1_000;
const columnName = Type.String({ minLength: 1, maxLength: 512, description: 'Name of a column, such as `input.age`' });
const salt = Type.String({ maxLength: 256, description: 'Other salts choose other rows' });
const scalar = Type.Union([Type.String({ maxLength: 1024 }), Type.Number(), Type.Boolean()]);
const closed = { additionalProperties: false } as const;

export const DATASET_FORMATS = ['parquet', 'ndjson', 'csv'] as const;
export type DatasetFormat = (typeof DATASET_FORMATS)[number];

/** Names of splits become names of folders. */
const splitName = Type.String({ pattern: '^[a-z][a-z0-9_-]{0,31}$' });

export const redactionSchema = Type.Union(
  [
    Type.Object({ column: columnName, how: Type.Literal('drop') }, { ...closed, description: 'Leave the column out' }),
    Type.Object(
      { column: columnName, how: Type.Literal('hmac') },
      { ...closed, description: 'HMAC-SHA256 under the key of this Hindcast: equal stays equal' },
    ),
    Type.Object(
      { column: columnName, how: Type.Literal('bucket'), width: Type.Number({ exclusiveMinimum: 0 }) },
      { ...closed, description: 'Numbers, rounded down to a multiple of width' },
    ),
  ],
  { description: 'What becomes of a personal field' },
);
export type Redaction = Static<typeof redactionSchema>;

export const labelPolicySchema = Type.Object(
  {
    pick: Type.Union([Type.Literal('latest'), Type.Literal('first')], {
      description: 'Which of several labels counts. Those behind the cut never do',
    }),
    maturityMs: Type.Optional(
      Type.Integer({
        minimum: 1,
        description: 'Only labels that were known this long after the prediction was made; younger ones have none',
      }),
    ),
    absent: Type.Union(
      [
        Type.Literal('drop', { description: 'No row; it is counted as unlabelled' }),
        Type.Literal('keep', { description: 'A row whose label is null' }),
        Type.Object(
          { afterMs: Type.Integer({ minimum: 1 }), value: scalar },
          { ...closed, description: 'This value, if none stands after that time; judged at the time of the cut' },
        ),
      ],
      { description: 'What becomes of a prediction without a label' },
    ),
  },
  { ...closed, description: 'How labels and predictions come together' },
);
export type LabelPolicy = Static<typeof labelPolicySchema>;

const group = Type.Union([Type.Literal('entity'), Type.Literal('prediction')], {
  description: 'What stays together: all rows of an entity (of those that have one), or each row alone',
});

/** What a data set is to hold. Together with a cut and the version of the extractor it decides every byte. */
export const datasetSpecSchema = Type.Object(
  {
    tenant: Type.String({ minLength: 1, maxLength: 64 }),
    model: Type.String({ minLength: 1, maxLength: 128, description: 'Name of the model, without a version' }),
    versions: Type.Optional(Type.Array(Type.Integer({ minimum: 1 }), { minItems: 1, maxItems: entriesMax })),
    roles: Type.Optional(Type.Array(predictionRoleSchema, { minItems: 1, maxItems: 4 })),
    since: Type.Optional(
      Type.Integer({
        description: 'Made at or after: when the log accepted it, or what was imported was made; ms since 1970',
      }),
    ),
    until: Type.Optional(Type.Integer({ description: 'Made before, by the same time' })),
    inputs: Type.Optional(
      Type.Array(Type.String({ maxLength: 256 }), { maxItems: entriesMax, description: 'Only these; default: all' }),
    ),
    context: Type.Optional(
      Type.Array(Type.String({ maxLength: 256 }), { maxItems: entriesMax, description: 'Members of the context' }),
    ),
    labels: labelPolicySchema,
    redact: Type.Array(redactionSchema, { maxItems: entriesMax }),
    sample: Type.Optional(
      Type.Object(
        { fraction: Type.Number({ exclusiveMinimum: 0, maximum: 1 }), salt, group },
        { ...closed, description: 'Smaller samples of the same salt lie in larger ones' },
      ),
    ),
    split: Type.Optional(
      Type.Object(
        {
          parts: Type.Array(
            Type.Object({ name: splitName, share: Type.Number({ exclusiveMinimum: 0, maximum: 1 }) }, closed),
            { minItems: 1, maxItems: 16 },
          ),
          salt,
          group,
          holdout: Type.Optional(
            Type.Object(
              { name: splitName, since: Type.Integer({ description: 'Ms since 1970' }) },
              { ...closed, description: 'Rows made at or after this time, whatever their group' },
            ),
          ),
        },
        { ...closed, description: 'Shares sum to 1' },
      ),
    ),
    verified: Type.Optional(
      Type.Literal(true, {
        description:
          'Hash every record of the log up to the end of the cut first, and fail where they are not those that were signed. Takes some seconds for a million events',
      }),
    ),
    format: Type.Union(DATASET_FORMATS.map((format) => Type.Literal(format))),
  },
  closed,
);
export type DatasetSpec = Static<typeof datasetSpecSchema>;

const sharesTolerance = 1e-9;

/** What is wrong with a spec that fits its schema; undefined where nothing is. */
export const specMistake = (spec: DatasetSpec): string | undefined => {
  const { split, redact, since, until } = spec;
  if ([since, until, split?.holdout?.since].some(Number.isNaN))
    return 'since and until are times, such as 2026-01-31T00:00:00Z.';
  if (since !== undefined && until !== undefined && since >= until) return 'since lies at or behind until.';
  const names = [...(split?.parts.map(({ name }) => name) ?? []), ...(split?.holdout ? [split.holdout.name] : [])];
  if (new Set(names).size < names.length) return 'Two splits have the same name.';
  const shares = split?.parts.reduce((sum, { share }) => sum + share, 0) ?? 1;
  if (Math.abs(shares - 1) > sharesTolerance) return `The shares of the splits sum to ${shares}, not to 1.`;
  const columns = redact.map(({ column }) => column);
  if (new Set(columns).size < columns.length) return 'One column is redacted twice.';
  const kept = columns.find((column) => neverRedacted.has(column));
  return kept === undefined ? undefined : `The column ${kept} cannot be redacted.`;
};

/** Without these nobody could tell which rows there are. */
const neverRedacted: ReadonlySet<string> = new Set(['predictionId', 'position', 'split']);
