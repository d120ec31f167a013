import { type Static, Type } from '@sinclair/typebox';
import { modelNamePattern } from '../model-reference.ts';
import { logCutSchema } from '../past/log-cut.ts';
import { rowsPerSecondSchema, sampleSchema } from '../verification/verification-spec.ts';

/** Jobs that ask another version what it would have said: of a stretch of the log, or of all that comes. */
export const backtestKind = 'backtest';
export const shadowKind = 'shadow';

export const slicesMax = 8;
/** `input.plan` and `context.shop` are members of what was asked; the others are of the request itself. */
export const slicePattern = '^(?:(?:input|context)\\.[^\\u0000-\\u001f]{1,128}|entity|version|role)$';

const candidateSchema = Type.Object(
  {
    model: Type.String({ pattern: modelNamePattern }),
    version: Type.Integer({ minimum: 1 }),
    sha256: Type.String({ pattern: '^[0-9a-f]{64}$' }),
  },
  { additionalProperties: false, description: 'The version that is asked' },
);

export const backtestSpecSchema = Type.Object(
  {
    cut: logCutSchema,
    model: Type.String({ pattern: modelNamePattern, description: 'Whose past it is' }),
    versions: Type.Optional(
      Type.Array(Type.Integer({ minimum: 1 }), {
        minItems: 1,
        maxItems: 64,
        description: 'Only what these have answered',
      }),
    ),
    candidate: candidateSchema,
    slices: Type.Array(Type.String({ pattern: slicePattern }), { maxItems: slicesMax }),
    sample: Type.Optional(sampleSchema),
    rowsPerSecondMax: rowsPerSecondSchema,
  },
  { additionalProperties: false },
);
/** A shadow begins where its cut begins, and reads on as the log grows. */
export type BacktestSpec = Static<typeof backtestSpecSchema>;
