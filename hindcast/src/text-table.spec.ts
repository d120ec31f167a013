import { expect, it } from 'vitest';
import { textTable } from './text-table.ts';

it('aligns columns, however many cells a row has', () => {
  expect(textTable([['churn', '2 versions', 'paused'], ['a'], ['mine', '1 version', '']])).toBe(
    'churn  2 versions  paused\na\nmine   1 version',
  );
  expect(textTable([])).toBe('');
});
