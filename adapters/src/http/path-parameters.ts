import { modelNamePattern, modelReferencePattern, modelVersionMax } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { idPattern } from './text-forms.ts';

export const predictionIdSchema = Type.String({
  pattern: idPattern,
  description: 'Id of a prediction',
  examples: ['0198c2f0-5a3e-7cc1-9d3a-2f1f0f6f1a11'],
});

export const jobIdSchema = Type.String({
  pattern: idPattern,
  description: 'Id of a job',
  examples: ['ac9a2a70-8c42-5b3c-9d6a-0f3d3c1f7b52'],
});

export const modelNameSchema = Type.String({
  pattern: modelNamePattern,
  description: 'Name of a model',
  examples: ['churn'],
});

export const modelReferenceSchema = Type.String({
  pattern: modelReferencePattern,
  description: 'A model, or one version of it',
  examples: ['churn', 'churn@1'],
});

export const modelVersionNumber = Type.Integer({ minimum: 1, maximum: modelVersionMax, examples: [1] });

export const projectionNameSchema = Type.String({ maxLength: 64, examples: ['prediction-status'] });
