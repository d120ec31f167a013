import { makeEvent } from '../event-codec.ts';
import { DEFAULT_TENANT } from '../event-envelope.ts';
import type { ModelEvent, ModelEventOf, ModelEventType } from '../model-events.ts';

type Telling<T extends ModelEventType> = {
  readonly tenant?: string;
  readonly name?: string;
  readonly eventId?: string;
} & Partial<ModelEventOf<T>['data']>;

const builder =
  <T extends ModelEventType>(type: T, usual: ModelEventOf<T>['data']) =>
  ({ tenant = DEFAULT_TENANT, name = 'churn', eventId = type, ...data }: Telling<T> = {}) =>
    makeEvent<ModelEvent>({
      id: eventId,
      source: 'test',
      type,
      at: 1_700_000_000_000,
      tenant,
      subject: name,
      data: { ...usual, ...data } as ModelEvent['data'],
    }) as ModelEventOf<T>;

/** Without arguments: an event of the model `churn` with a digest of `a`s. */
export const aModelRegistered = builder('ModelRegistered', {
  sha256: 'a'.repeat(64),
  bytes: 1_000,
  signature: { batched: true, inputs: [], outputs: [], features: [], replayable: true },
  settings: { pool: 'default', deadlineMs: 60_000, timeoutMs: 10_000, batchMax: 64 },
  example: { age: 41 },
  opset: { '': 17 },
  irVersion: 8,
});
export const aModelRoutingMoved = builder('ModelRoutingMoved', { routing: { champion: 1, canary: [] }, base: 1 });
export const aModelPaused = builder('ModelPaused', {});
export const aModelResumed = builder('ModelResumed', {});
export const aModelVersionRetired = builder('ModelVersionRetired', { version: 1 });
export const aModelVersionQuarantined = builder('ModelVersionQuarantined', {
  sha256: 'a'.repeat(64),
  error: { code: 'model_crashes', detail: 'The model ended its process three times.' },
});
