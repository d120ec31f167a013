import { makeEvent } from '../event-codec.ts';
import { DEFAULT_TENANT } from '../event-envelope.ts';
import type { JobEvent, JobEventOf, JobEventType } from '../job-events.ts';

type Telling<T extends JobEventType> = {
  readonly id?: string;
  readonly eventId?: string;
  readonly cause?: string;
} & Partial<JobEventOf<T>['data']>;

const builder =
  <T extends JobEventType>(type: T, eventIdOf: string, usual: JobEventOf<T>['data']) =>
  ({ id = 'j-1', eventId = eventIdOf, cause = 'request-1', ...data }: Telling<T> = {}) =>
    makeEvent<JobEvent>({
      id: eventId,
      source: 'test',
      type,
      at: 1_700_000_000_000,
      tenant: DEFAULT_TENANT,
      subject: id,
      causationId: type === 'JobRequested' ? undefined : cause,
      data: { ...usual, ...data } as JobEvent['data'],
    }) as JobEventOf<T>;

/** Without arguments: job `j-1` of the kind `count`, requested by the event `request-1`, which the others name. */
export const aJobRequested = builder('JobRequested', 'request-1', { kind: 'count', spec: { to: 10 } });
export const aJobStarted = builder('JobStarted', 'start-1', { runner: 'runner-1', attempt: 1 });
export const aJobProgressed = builder('JobProgressed', 'progress-1', { attempt: 1, done: 1, unit: 'steps' });
export const aJobReleased = builder('JobReleased', 'release-1', { runner: 'runner-1', attempt: 1 });
export const aJobSucceeded = builder('JobSucceeded', 'success-1', { attempt: 1, result: { counted: 10 } });
export const aJobFailed = builder('JobFailed', 'failure-1', { attempt: 1, code: 'job_failed', detail: 'It broke.' });
export const aJobCanceled = builder('JobCanceled', 'cancel-1', {});
