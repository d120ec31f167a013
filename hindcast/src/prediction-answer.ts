import { EXIT, type ExitCode, failed } from './cli-failure.ts';
import { showDuration } from './duration.ts';

/** What the API says of a prediction, as far as the command line reads it. */
export interface PredictionAnswer {
  readonly id: string;
  readonly status: string;
  readonly model?: string;
  readonly modelVersion?: number;
  readonly output?: unknown;
  readonly error?: { readonly title?: string; readonly detail?: string };
  readonly timings?: { readonly queuedMs?: number; readonly inferenceMs?: number };
}

export const asPrediction = (body: unknown): PredictionAnswer => {
  const answer = body as Partial<PredictionAnswer> | null | undefined;
  if (typeof answer?.id !== 'string' || typeof answer.status !== 'string') {
    throw failed('The server did not answer with a prediction. Is it a Hindcast of this version?');
  }
  return answer as PredictionAnswer;
};

export const hasEnded = ({ status }: PredictionAnswer): boolean => status !== 'queued' && status !== 'running';

/** A script that waited for an answer wants to know by the exit code whether it got one. */
export const exitOfStatus = (status: string): ExitCode => {
  if (status === 'succeeded') return EXIT.ok;
  return status === 'failed' || status === 'canceled' ? EXIT.failed : EXIT.timedOut;
};

/** One line: `0198…  succeeded  churn@1  3 ms`. */
export const summarize = (answer: PredictionAnswer): string => `${answer.id}  ${summarizeStatus(answer)}`;

/** The same where the id was told before. */
export const summarizeStatus = (answer: PredictionAnswer): string => {
  const { queuedMs, inferenceMs } = answer.timings ?? {};
  const tookMs = queuedMs === undefined && inferenceMs === undefined ? undefined : (queuedMs ?? 0) + (inferenceMs ?? 0);
  const model = answer.model === undefined ? undefined : `${answer.model}@${answer.modelVersion ?? '?'}`;
  const why = answer.error?.detail ?? answer.error?.title;
  return [answer.status, model, tookMs === undefined ? undefined : showDuration(tookMs), why]
    .filter((part) => part !== undefined)
    .join('  ');
};

export const pretty = (value: unknown): string => JSON.stringify(value, undefined, 2);
