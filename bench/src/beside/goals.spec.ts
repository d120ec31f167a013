import { describe, expect, it } from 'vitest';
import { type Goal, goals, isMet, ratiosOf } from './goals.ts';
import type { MeasuredSystem } from './measured-systems.ts';

const system = (name: string, perSecond: readonly number[]): MeasuredSystem => ({
  name,
  title: name,
  ours: false,
  rounds: perSecond.map((value) => ({ single: { perSecond: value, cpuUs: 1 } })),
});

const goal: Goal = { text: '', ours: 'a', theirs: 'b', measure: 'single', figure: 'perSecond', atLeast: 4 };

describe('ratios', () => {
  it('compare the rounds one by one, in the order in which they ran', () => {
    expect(ratiosOf(goal, [system('b', [10, 20, 40]), system('a', [50, 60, 80])])).toEqual([5, 3, 2]);
  });

  it('leave out rounds that one of the two does not have', () => {
    expect(ratiosOf(goal, [system('a', [50, 60, 80]), system('b', [10])])).toEqual([5]);
    expect(ratiosOf(goal, [system('a', [50])])).toEqual([]);
    expect(ratiosOf({ ...goal, measure: 'batch' }, [system('a', [50]), system('b', [10])])).toEqual([]);
  });
});

describe('a goal', () => {
  it('is met at its bound, and on the right side of it', () => {
    expect([3.99, 4, 9].map((median) => isMet(goal, median))).toEqual([false, true, true]);
    const { atLeast: _, ...bare } = goal;
    expect([0.1, 0.2, 0.21].map((median) => isMet({ ...bare, atMost: 0.2 }, median))).toEqual([true, true, false]);
  });

  it('is not met by nothing', () => {
    expect(goals.filter((each) => isMet(each, Number.NaN))).toEqual([]);
  });

  it('has one bound', () => {
    expect(goals.filter(({ atLeast, atMost }) => (atLeast === undefined) === (atMost === undefined))).toEqual([]);
  });
});
