import { makeEvent } from '../event-codec.ts';
import { DEFAULT_TENANT } from '../event-envelope.ts';
import {
  importedPool,
  type PredictionEvent,
  type PredictionEventOf,
  type PredictionEventType,
  unknownSha256,
} from '../prediction-events.ts';

/** Names and causes of an event; the rest of it are its data. */
interface Told {
  readonly tenant?: string;
  readonly id?: string;
  readonly eventId?: string;
  readonly cause?: string;
}
type Telling<T extends PredictionEventType> = Told & Partial<PredictionEventOf<T>['data']>;

const builder =
  <T extends PredictionEventType>(
    type: T,
    eventIdOf: string,
    causeOf: string | undefined,
    usual: PredictionEventOf<T>['data'],
  ) =>
  ({ tenant = DEFAULT_TENANT, id = 'p-1', eventId = eventIdOf, cause, ...data }: Telling<T> = {}) =>
    makeEvent<PredictionEvent>({
      id: eventId,
      source: 'test',
      type,
      at: 1_700_000_000_000,
      tenant,
      subject: id,
      causationId: cause ?? causeOf,
      data: { ...usual, ...data } as PredictionEvent['data'],
    }) as PredictionEventOf<T>;

const digest = (letter: string): string => letter.repeat(64);

/** Without arguments: prediction `p-1` of `churn@1`, requested by the event `request-1`, which the answers name. */
export const aPredictionRequested = builder('PredictionRequested', 'request-1', undefined, {
  model: 'churn',
  version: 1,
  sha256: digest('a'),
  pool: 'default',
  role: 'champion',
  requestHash: digest('1'),
  priority: 'normal',
  deadlineMs: 60_000,
  input: { age: 41 },
});
export const aPredictionAttemptStarted = builder('PredictionAttemptStarted', 'attempt-1', 'request-1', {
  attempt: 1,
  reason: 'long_running',
  worker: 'worker-1',
});
export const aPredictionSucceeded = builder('PredictionSucceeded', 'success-1', 'request-1', {
  output: { probability: 0.25 },
  provenance: {
    sha256: digest('a'),
    runtime: 'test/1',
    threads: 1,
    batchSize: 1,
    batchIndex: 0,
    inputHash: digest('b'),
    outputHash: digest('c'),
  },
  queuedMs: 2,
  inferenceMs: 1,
});

/** As an import makes them: of an unknown file, in no pool, and without a run. */
export const anImportedPrediction = (named: Pick<Told, 'id'> = {}): readonly PredictionEvent[] => {
  const id = named.id ?? 'p-1';
  const imported = { source: 'legacy', at: '2025-03-01T00:00:00.000Z' };
  const unknown = { sha256: unknownSha256, pool: importedPool, role: 'imported' } as const;
  const request = aPredictionRequested({ id, eventId: `request-${id}`, ...unknown, imported, deadlineMs: 604_800_000 });
  const { provenance: _, queuedMs: __, inferenceMs: ___, ...data } = aPredictionSucceeded().data;
  return [request, { ...aPredictionSucceeded({ id, eventId: `success-${id}`, cause: request.id }), data }];
};
export const aPredictionFailed = builder('PredictionFailed', 'failure-1', 'request-1', {
  error: { code: 'model_rejected_input', detail: 'The model refused the input.' },
  queuedMs: 2,
});
export const aPredictionCanceled = builder('PredictionCanceled', 'cancel-1', 'request-1', {});
export const aPredictionExpired = builder('PredictionExpired', 'expiry-1', 'request-1', { deadlineMs: 60_000 });
export const aPredictionLabeled = builder('PredictionLabeled', 'label-1', undefined, { value: true });
