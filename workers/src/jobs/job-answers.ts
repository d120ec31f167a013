import {
  encode,
  type Identity,
  type JobEvent,
  type JobEventOf,
  type JobEventType,
  makeEvent,
  type NewRecord,
} from '@hindcast/domain';
import type { JobEntry } from './job-desk.ts';

type AnswerOf<T extends JobEventType> = { readonly type: T; readonly data: JobEventOf<T>['data'] };
/** What a runner says of a job: the event without its envelope. */
export type JobAnswer = {
  [T in Exclude<JobEventType, 'JobRequested' | 'JobCanceled'>]: AnswerOf<T>;
}[Exclude<JobEventType, 'JobRequested' | 'JobCanceled'>];

/** The record of an answer to the request that a job was opened with. */
export const jobRecord = (
  { now, newId }: Pick<Identity, 'now' | 'newId'>,
  { tenant, id, state }: Pick<JobEntry, 'tenant' | 'id' | 'state'>,
  { type, data }: JobAnswer,
  eventId = newId(),
): NewRecord =>
  encode(
    makeEvent<JobEvent>({
      id: eventId,
      source: '/hindcast/job-runner',
      type,
      at: now(),
      tenant,
      subject: id,
      causationId: state.request.eventId,
      data,
    }),
  );
