import { expect, it } from 'vitest';
import { createLoadFailures } from './load-failures.ts';

it('remembers for a moment why a model does not load, and only so many', () => {
  let now = 0;
  const failures = createLoadFailures(() => now);
  failures.set('a', 'broken');
  expect(failures.get('a')).toBe('broken');
  now = 60_000;
  expect(failures.get('a')).toBeUndefined();
  failures.set('b', 'broken');
  for (let i = 0; i < 1_000; i++) failures.set(String(i), 'broken');
  expect([failures.get('b'), failures.get('999')]).toEqual([undefined, 'broken']);
});
