import type { PredictionEvent } from '../prediction-events.ts';
import {
  aPredictionAttemptStarted,
  aPredictionCanceled,
  aPredictionExpired,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from './prediction-event-builders.ts';

/** Small numbers that stand for an event, so that repeats, rivals and answers to them come up often. */
export interface EventChoice {
  readonly id: string;
  /** 0 to 9; requests, successes and labels are twice as likely as others. */
  readonly kind: number;
  /** Two events of one kind with the same number are repeats of each other. */
  readonly number: number;
  /** Which request it is, or answers: 0 or 1. Their bodies differ. */
  readonly rival: number;
}

export const eventKinds = 10;

export const anyPredictionEvent = ({ id, kind, number, rival }: EventChoice): PredictionEvent => {
  const named = { id, eventId: `${id}-${kind}-${number}-${rival}` };
  const answer = { ...named, cause: `${id}-request-${rival}` };
  switch (kind) {
    case 0:
    case 1:
      return aPredictionRequested({
        ...named,
        eventId: `${id}-request-${rival}`,
        requestHash: String(rival).repeat(64),
        version: 1 + rival,
      });
    case 2:
    case 3:
      return aPredictionSucceeded({
        ...answer,
        output: { probability: number / 4 },
        queuedMs: number + 0.1,
        inferenceMs: rival + 0.2,
      });
    case 4:
    case 5:
      return aPredictionLabeled({ ...named, value: [true, 1, null][number] ?? null, weight: 1 + rival / 4 });
    case 6:
      return aPredictionFailed(answer);
    case 7:
      return aPredictionCanceled(answer);
    case 8:
      return aPredictionExpired(answer);
    default:
      return aPredictionAttemptStarted({ ...answer, attempt: 1 + (number % 3) });
  }
};
