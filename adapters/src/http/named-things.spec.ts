import { describe, expect, it } from 'vitest';
import { unknownModel } from './named-things.ts';

describe('an unknown model', () => {
  it('is told with near names, else with those there are, else where to look', () => {
    expect(unknownModel('chrun', ['churn', 'fraud']).detail).toBe('No model is named chrun. Did you mean churn?');
    expect(unknownModel('weather', ['churn', 'fraud']).detail).toBe(
      'No model is named weather. There is churn, fraud.',
    );
    const many = Array.from({ length: 12 }, (_, at) => `model-number-${at}`);
    expect(unknownModel('weather', many).detail).toMatch(/model-number-9 and 2 more: GET \/v1\/models lists all\.$/);
    expect(unknownModel('churn', []).detail).toBe('No model is named churn. No model is registered yet.');
  });
});
