import {
  encode,
  type Failure,
  type Identity,
  makeEvent,
  type NewRecord,
  type PredictionEvent,
  type PredictionEventOf,
} from '@hindcast/domain';
import type { OpenEntry } from './open-set.ts';

type Answer = Exclude<PredictionEvent, { type: 'PredictionRequested' | 'PredictionLabeled' | 'PredictionCanceled' }>;

/** Makes the records by which one process answers requests: each names the request that it answers. */
export const createAnswers = ({ now, newId }: Pick<Identity, 'now' | 'newId'>, source: string) => {
  const answer = <E extends Answer>(entry: OpenEntry, type: E['type'], data: E['data']): NewRecord => {
    const { request } = entry.fold;
    return encode(
      makeEvent<E>({
        id: newId(),
        source,
        type,
        at: now(),
        tenant: entry.tenant,
        subject: entry.id,
        correlationId: entry.correlationId,
        causationId: request.eventId,
        traceparent: request.traceparent,
        data,
      }),
    );
  };
  return {
    attemptStarted: (entry: OpenEntry, data: PredictionEventOf<'PredictionAttemptStarted'>['data']) =>
      answer<PredictionEventOf<'PredictionAttemptStarted'>>(entry, 'PredictionAttemptStarted', data),
    succeeded: (entry: OpenEntry, data: PredictionEventOf<'PredictionSucceeded'>['data']) =>
      answer<PredictionEventOf<'PredictionSucceeded'>>(entry, 'PredictionSucceeded', data),
    failed: (entry: OpenEntry, error: Failure, queuedMs: number) =>
      answer<PredictionEventOf<'PredictionFailed'>>(entry, 'PredictionFailed', {
        error: { code: error.code, detail: error.detail.slice(0, detailCharsMax) },
        queuedMs,
      }),
    expired: (entry: OpenEntry, reason?: string) =>
      answer<PredictionEventOf<'PredictionExpired'>>(entry, 'PredictionExpired', {
        deadlineMs: entry.fold.request.deadlineMs,
        ...(reason === undefined ? undefined : { reason: reason.slice(0, reasonCharsMax) }),
      }),
  };
};

export type Answers = ReturnType<typeof createAnswers>;

/** As the schema of a failure has it. */
const detailCharsMax = 2_048;
/** As the schema of an expiry has it. */
const reasonCharsMax = 512;
