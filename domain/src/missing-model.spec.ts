import { expect, it } from 'vitest';
import { unknownModelDetail, versionsOf } from './missing-model.ts';

it('an unknown model is told with near names, else with those there are, else where to look', () => {
  expect(unknownModelDetail('chrun', ['churn', 'fraud'])).toBe('No model is named chrun. Did you mean churn?');
  expect(unknownModelDetail('weather', ['churn', 'fraud'])).toBe('No model is named weather. Known: churn, fraud.');
  const many = Array.from({ length: 12 }, (_, at) => `model-number-${at}`);
  expect(unknownModelDetail('weather', many)).toMatch(/model-number-9 and 2 more: GET \/v1\/models lists all\.$/);
  expect(unknownModelDetail('churn', [])).toBe('No model is named churn. No model is registered yet.');
});

it('the versions of a model that has one are not told as several', () => {
  const one = { version: 1 } as Parameters<typeof versionsOf>[1]['versions'][number];
  expect(versionsOf('churn', { versions: [one] })).toBe('churn has only the version 1.');
  expect(versionsOf('churn', { versions: [one, one] })).toBe('churn has the versions 1 to 2.');
});
