import { expect, it } from 'vitest';
import { createUndoStack } from './undo-stack.ts';

it('undoes in the opposite order, goes on after a failure, and stops at once what is opened later', async () => {
  const undone: string[] = [];
  const step = (name: string) => async () => void undone.push(name);
  const stack = createUndoStack();
  stack.push(step('first'));
  stack.push(() => Promise.reject(new Error('It does not stop.')));
  stack.keep({ stop: step('last') });
  await expect(stack.undo()).rejects.toThrow('It does not stop.');
  expect(undone).toEqual(['last', 'first']);
  stack.keep({ stop: step('late') });
  expect(undone).toEqual(['last', 'first', 'late']);
});
