import type { ApiClient } from './api-client.ts';
import { asPrediction, hasEnded, type PredictionAnswer } from './prediction-answer.ts';
import { type Patience, tryAgain } from './try-again.ts';

/** The longest wait that one request may ask for. */
export const waitSecondsMax = 60;
/** How long an answer may come after the wait that it was asked with. */
const graceMs = 10_000;

/** Headers and time-out of a request that may wait for the end of a prediction. Waits are whole seconds. */
export const waiting = (leftMs: number): { headers: Record<string, string>; timeoutMs: number } => {
  const seconds = Math.max(0, Math.min(waitSecondsMax, Math.ceil(leftMs / 1_000)));
  return { headers: seconds > 0 ? { prefer: `wait=${seconds}` } : {}, timeoutMs: seconds * 1_000 + graceMs };
};

export const predictionPath = (id: string): string => `/v1/predictions/${encodeURIComponent(id)}`;

/** Asks, at least once, until the prediction has ended or the time is over: the caller looks at the status. */
export const waitForPrediction = async (
  client: ApiClient,
  id: string,
  patience: Patience,
): Promise<PredictionAnswer> => {
  const { now, until } = patience;
  for (;;) {
    const { body } = await tryAgain(() => client.request(predictionPath(id), waiting(until - now())), patience);
    const answer = asPrediction(body);
    if (hasEnded(answer) || now() >= until) return answer;
  }
};
