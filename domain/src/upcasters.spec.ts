import { expect, it } from 'vitest';
import { aPredictionCanceled } from './testing/prediction-event-builders.ts';
import { upcast } from './upcasters.ts';

const event = aPredictionCanceled();
/** A made-up past: version 1 had no reason, version 2 called it `why`. */
const steps = {
  'PredictionCanceled:1': (data: object) => ({ ...data, why: 'not said' }),
  'PredictionCanceled:2': ({ why, ...data }: { why: string }) => ({ ...data, reason: why }),
  'PredictionFailed:1': () => ({ wrong: true }),
};

it('leads each older version through every step to the newest', () => {
  const first = upcast({ ...event, data: {} }, 1, steps);
  expect(first.data).toEqual({ reason: 'not said' });
  expect(first.dataschema).toBe('urn:hindcast:schema:PredictionCanceled:3');
  const second = upcast({ ...event, data: { why: 'rain' } } as typeof event, 2, steps);
  expect(second.data).toEqual({ reason: 'rain' });
  expect({ ...second, data: event.data, dataschema: event.dataschema }).toEqual(event);
});

it('leaves the newest version alone, and never changes what it was given', () => {
  expect(upcast(event, 3, steps)).toBe(event);
  expect(upcast(event, 1)).toBe(event);
  const frozen = Object.freeze({ ...event, data: Object.freeze({}) });
  upcast(frozen, 1, steps);
  expect(frozen.data).toEqual({});
});
