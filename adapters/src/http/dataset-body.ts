import {
  type AccountedFor,
  accountedForSchema,
  cutPositions,
  DATASET_FORMATS,
  type DatasetPlan,
  datasetIdOf,
  isEndedJob,
  type JobDoc,
  type Sha256,
} from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { jobPath, jobStatusSchema } from './job-body.ts';

export const datasetIdSchema = Type.String({
  pattern: '^[0-9a-f]{64}$',
  description: 'Id of a data set: a hash of what it holds',
  examples: ['9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08'],
});

export const datasetPath = (id: string): string => `/v1/datasets/${id}`;

/** A data set as lists show it, whether or not it is cut yet. */
export const datasetSchema = Type.Object({
  id: Type.String(),
  status: jobStatusSchema,
  model: Type.String(),
  format: Type.Union(DATASET_FORMATS.map((format) => Type.Literal(format))),
  requestedAt: Type.String({ format: 'date-time' }),
  from: Type.String({ description: 'Positions at which its cut begins' }),
  to: Type.String({ description: 'Positions before which it ends: with both the same wish is the same set again' }),
  accountedFor: Type.Optional(accountedForSchema),
  job: Type.String({ description: 'Id of the job that cuts it' }),
  links: Type.Object({ self: Type.String(), job: Type.String() }),
});

export const datasetBody = ({ id, state }: JobDoc, sha256: Sha256) => {
  const plan = state.request.spec['plan'] as DatasetPlan;
  const datasetId = datasetIdOf(plan, sha256);
  const result = isEndedJob(state) ? state.result : undefined;
  return {
    ...{ id: datasetId, status: state.status, model: plan.spec.model, format: plan.spec.format },
    requestedAt: new Date(state.request.at).toISOString(),
    ...cutPositions(plan.cut),
    accountedFor: result?.['accountedFor'] as AccountedFor | undefined,
    job: id,
    links: { self: datasetPath(datasetId), job: jobPath(id) },
  };
};
