import { type Static, type TSchema, Type } from '@sinclair/typebox';
import type { EventOf } from './event-envelope.ts';
import { failureSchema } from './prediction-events.ts';

/** What a job is asked with, where it goes on, and what it answers: each no longer than this as JSON. The rest is artifacts. */
export const jobJsonBytesMax = 16_384;

const smallJson = (description: string) => Type.Record(Type.String(), Type.Unknown(), { description });
const attempt = (description: string) => Type.Integer({ minimum: 0, description });
const ofAttempt = attempt('The attempt that this is of');
const runner = Type.String({ minLength: 1, maxLength: 128, description: 'Who runs it' });

export const jobProgressSchema = Type.Object({
  done: Type.Number({ minimum: 0, description: 'How much is done; never less than before within an attempt' }),
  total: Type.Optional(Type.Number({ minimum: 0, description: 'How much there is, where that is known' })),
  unit: Type.String({ minLength: 1, maxLength: 64, description: 'What is counted, such as `records`' }),
  detail: Type.Optional(Type.String({ maxLength: 512, description: 'What it is at, for people' })),
});
export type JobProgress = Static<typeof jobProgressSchema>;

export const jobRequestedData = Type.Object({
  kind: Type.String({ pattern: '^[a-z][a-z0-9-]{0,63}$', description: 'What sort of work; says who can run it' }),
  spec: smallJson('What exactly is to be done; its form depends on the kind'),
  requestHash: Type.Optional(
    Type.String({
      pattern: '^[0-9a-f]{64}$',
      description: 'sha256 of the canonical request: tells a repeat from a conflict',
    }),
  ),
});
export const jobStartedData = Type.Object({ runner, attempt: attempt('Counted from 1') });
export const jobProgressedData = Type.Object({
  attempt: ofAttempt,
  ...jobProgressSchema.properties,
  checkpoint: Type.Optional(smallJson('Where the next attempt can go on')),
});
export const jobReleasedData = Type.Object({ runner, attempt: ofAttempt });
export const jobSucceededData = Type.Object({ attempt: ofAttempt, result: smallJson('What came of it') });
export const jobFailedData = Type.Object({ attempt: ofAttempt, ...failureSchema.properties });
export const jobCanceledData = Type.Object({
  reason: Type.Optional(Type.String({ maxLength: 512, description: 'In the words of whoever canceled it' })),
});

/** Every event of a job's stream, by type. */
export const jobEventData = {
  JobRequested: jobRequestedData,
  JobStarted: jobStartedData,
  JobProgressed: jobProgressedData,
  JobReleased: jobReleasedData,
  JobSucceeded: jobSucceededData,
  JobFailed: jobFailedData,
  JobCanceled: jobCanceledData,
} as const satisfies Record<string, TSchema>;

type JobEventData = typeof jobEventData;
export type JobEventType = keyof JobEventData;
export type JobEventOf<T extends JobEventType> = EventOf<T, Static<JobEventData[T]>>;
export type JobEvent = { [T in JobEventType]: JobEventOf<T> }[JobEventType];
export type JobSpec = JobEventOf<'JobRequested'>['data']['spec'];
export type JobCheckpoint = JobSpec;
export type JobResult = JobSpec;

export const isJobEvent = (event: { readonly type: string }): event is JobEvent =>
  Object.hasOwn(jobEventData, event.type);
