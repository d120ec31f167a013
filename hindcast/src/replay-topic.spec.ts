import { expect, it } from 'vitest';
import { topicOf } from './replay-topic.ts';

it('is the topic that the types are in, or the one that was named', () => {
  expect(topicOf([], undefined)).toBe('predictions');
  expect(topicOf(['PredictionRequested', 'LogOpened'], undefined)).toBe('predictions');
  expect(topicOf(['LogOpened', 'ModelRegistered'], undefined)).toBe('models');
  expect(topicOf(['JobFailed'], undefined)).toBe('jobs');
  expect(topicOf([], 'models')).toBe('models');
  expect(topicOf(['ModelRegistered'], 'dead-letters')).toBe('dead-letters');
});

it('is refused where it could not have the type', () => {
  expect(() => topicOf(['ModelRegistered', 'PredictionRequested'], undefined)).toThrow(
    'PredictionRequested is in the topic predictions, not in models',
  );
  expect(() => topicOf(['ModelRegistered'], 'predictions')).toThrow('is in the topic models');
  expect(() => topicOf(['ModelRegisterd'], undefined)).toThrow('Did you mean ModelRegistered?');
});
