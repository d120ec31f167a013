import { expect, it } from 'vitest';
import { unknownEventTypeDetail } from './unknown-event-type.ts';

it('says which type was meant, else which there are', () => {
  expect(unknownEventTypeDetail('ModelRegisterd')).toBe(
    '"ModelRegisterd" is no type of event. Did you mean ModelRegistered?',
  );
  expect(unknownEventTypeDetail('Foo')).toMatch(/^"Foo" is no type of event. Known: LogOpened, .*\.$/);
  expect(unknownEventTypeDetail('x'.repeat(1_000))).not.toContain('x'.repeat(65));
});
