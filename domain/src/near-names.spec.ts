import { expect, it } from 'vitest';
import { nearNames } from './near-names.ts';

const models = ['churn', 'churn-eu', 'fraud', 'breast-cancer'];

it.each([
  ['chrun', ['churn']],
  ['churn-us', ['churn', 'churn-eu']],
  ['cancer', ['breast-cancer']],
  ['fruad', ['fraud']],
  ['something-else', []],
  ['c'.repeat(300), []],
])('%s may have meant %j', (given, near) => {
  expect(nearNames(given, models)).toEqual(near);
});

it('tells three at most, the nearest first', () => {
  expect(nearNames('abcd', ['abxy', 'abcx', 'abcd-1', 'abce', 'zzzz'])).toEqual(['abcd-1', 'abce', 'abcx']);
});

it('takes a short name for another only where one letter is wrong', () => {
  expect(nearNames('foo', ['from', 'to', 'fo'])).toEqual(['fo']);
});
