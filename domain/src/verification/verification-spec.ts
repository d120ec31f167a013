import { type Static, Type } from '@sinclair/typebox';
import { modelNamePattern } from '../model-reference.ts';
import { logCutSchema } from '../past/log-cut.ts';

/** Jobs of this kind run past predictions again and compare. */
export const verificationKind = 'verification';

export const sampleSchema = Type.Object(
  {
    share: Type.Number({ exclusiveMinimum: 0, maximum: 1, description: 'Of the predictions, by their ids' }),
    salt: Type.String({
      maxLength: 128,
      description: 'Another salt chooses others; a smaller share lies in a larger one',
    }),
  },
  { additionalProperties: false },
);

/** Work on the past leaves most of a machine to what is asked now. */
export const pastRowsPerSecondDefault = 5_000;
export const rowsPerSecondSchema = Type.Integer({
  minimum: 1,
  maximum: 1_000_000,
  description: 'Upper bound on the rows that are run, so that live traffic is left alone',
});

/** What is asked of a verification. */
export const verificationSpecSchema = Type.Object(
  {
    cut: logCutSchema,
    model: Type.Optional(Type.String({ pattern: modelNamePattern, description: 'Only predictions of this model' })),
    version: Type.Optional(Type.Integer({ minimum: 1, description: 'Only of this version' })),
    sample: Type.Optional(sampleSchema),
    /** Without it there is no bound: where nothing is served beside it. */
    rowsPerSecondMax: Type.Optional(rowsPerSecondSchema),
  },
  { additionalProperties: false },
);
export type VerificationSpec = Static<typeof verificationSpecSchema>;
