import { Value } from '@sinclair/typebox/value';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { backtestReport, backtestReportSchema } from './backtest-report.ts';
import { type BacktestState, countRefusal, countRow, emptyBacktest } from './backtest-state.ts';
import type { ComparedRow } from './compared-row.ts';
import { type Bins, binOf, binsOf } from './fixed-bins.ts';
import { otherValues, sliceText, sliceValuesMax } from './slice-counts.ts';
import { topChangesMax } from './top-changes.ts';

const answer = (yes: number) => ({ label: yes > 0.5 ? 'yes' : 'no', probabilities: { no: 1 - yes, yes } });
const row = (at: number, was: unknown, is: unknown, more: Partial<ComparedRow> = {}): ComparedRow => ({
  predictionId: `p-${at}`,
  position: `0:${at % 3}:${at}`,
  recorded: was,
  candidate: is,
  label: undefined,
  slices: {},
  ...more,
});
const reportOf = (rows: readonly ComparedRow[], state: BacktestState = emptyBacktest()) => {
  for (const one of rows) countRow(state, one);
  return backtestReport(state);
};

describe('a backtest', () => {
  it('counts which classes have become which, and how far scores have moved', () => {
    const report = reportOf([
      row(0, answer(0.2), answer(0.2)),
      row(1, answer(0.4), answer(0.6)),
      row(2, answer(0.9), answer(0.1)),
      row(3, answer(0.7), answer(0.7 + 1e-9)),
    ]);
    expect(report).toMatchObject({ compared: 4, changed: 2, labelled: 0, quality: {} });
    expect(report.flips).toEqual([
      { was: 'no', is: 'no', rows: 1 },
      { was: 'no', is: 'yes', rows: 1 },
      { was: 'yes', is: 'no', rows: 1 },
      { was: 'yes', is: 'yes', rows: 1 },
    ]);
    expect(report.shift).toMatchObject({ rows: 4, mean: -0.15, meanSize: 0.25 });
    expect(report.shift.bins.filter(({ count }) => count > 0)).toEqual([
      { from: -0.825, to: -0.775, count: 1 },
      { from: -0.025, to: 0.025, count: 2 },
      { from: 0.175, to: 0.225, count: 1 },
    ]);
    expect(report.top.map(({ predictionId, was, is }) => [predictionId, was, is])).toEqual([
      ['p-2', 'yes', 'no'],
      ['p-1', 'no', 'yes'],
      ['p-3', 'yes', 'yes'],
    ]);
  });

  it('takes a decision for the class that it is for', () => {
    const decided = (yes: number, decision: boolean) => ({ ...answer(yes), decision });
    const report = reportOf([row(0, decided(0.45, true), decided(0.45, false))]);
    expect(report).toMatchObject({ changed: 1, flips: [{ was: 'yes', is: 'no', rows: 1 }] });
  });

  it('compares numbers, texts and what is neither', () => {
    expect(reportOf([row(0, { y: 100 }, { y: 100.000_1 }), row(1, { y: 100 }, { y: 101 })])).toMatchObject({
      changed: 1,
      flips: [],
      shift: { rows: 2 },
    });
    expect(reportOf([row(0, { c: 'a' }, { c: 'b' })])).toMatchObject({ changed: 1, flips: [{ was: 'a', is: 'b' }] });
    expect(reportOf([row(0, { y: [1] }, { y: [1] }), row(1, { y: [1] }, { y: [2] })])).toMatchObject({ changed: 1 });
    expect(reportOf([row(0, { y: 1 }, answer(0.1))])).toMatchObject({ changed: 1, shift: { rows: 0, mean: null } });
  });

  it('measures both sides against the labels, also by slice', () => {
    const rows = Array.from({ length: 40 }, (_, at) => {
      const truth = at % 2 === 0;
      const label = { value: truth ? 'yes' : 'no', weight: 1 };
      return row(at, answer(at % 4 === 0 ? 0.9 : 0.1), answer(truth ? 0.8 : 0.2), {
        ...(at < 30 && { label }),
        slices: { 'input.plan': at % 4 === 0 ? 'basic' : 'pro' },
      });
    });
    const report = reportOf(rows);
    expect(report).toMatchObject({ labelled: 30, quality: { candidate: { n: 30, accuracy: 1, auc: 1 } } });
    expect(report.quality.recorded?.accuracy).toBeCloseTo(23 / 30);
    expect(report.slices).toMatchObject([
      {
        slice: 'input.plan',
        values: [
          { value: 'basic', rows: 10 },
          { value: 'pro', rows: 30, changed: 10 },
        ],
      },
    ]);
    expect(report.slices[0]?.values[0]?.quality.candidate).toMatchObject({ accuracy: 1 });
    expect(Value.Check(backtestReportSchema, report)).toBe(true);
  });

  it('is bounded, whatever comes', () => {
    const rows = Array.from({ length: 600 }, (_, at) =>
      row(at, { c: `a${at}` }, { c: `b${at}` }, { slices: { entity: sliceText(`e${at}`) } }),
    );
    const state = emptyBacktest();
    const report = reportOf(rows, state);
    countRefusal(state, 'run_refused', 'x'.repeat(10_000));
    expect(report.flips.length).toBeLessThanOrEqual(101);
    expect(report.flips.reduce((sum, { rows: n }) => sum + n, 0)).toBe(600);
    expect(report.slices[0]?.values).toHaveLength(sliceValuesMax + 1);
    expect(report.slices[0]?.values.at(-1)).toMatchObject({ value: otherValues, rows: 600 - sliceValuesMax });
    expect(report.top).toHaveLength(topChangesMax);
    expect(backtestReport(state)).toMatchObject({ refused: 1, refusals: { run_refused: 1 } });
    expect(JSON.stringify(state).length).toBeLessThan(60_000);
    expect(sliceText('__proto__')).not.toBe('__proto__');
  });

  it('does not depend on the order of its rows, nor on how often it was broken off', () => {
    const score = fc.integer({ min: 0, max: 100 }).map((percent) => answer(percent / 100));
    const some = fc.array(fc.tuple(score, score, fc.constantFrom('yes', 'no', undefined)), { maxLength: 80 });
    fc.assert(
      fc.property(some, fc.infiniteStream(fc.double({ min: 0, max: 1, noNaN: true })), (answers, random) => {
        const rows = answers.map(([was, is, value], at) => {
          const label = value === undefined ? undefined : { value, weight: 1 };
          return row(at, was, is, { label, slices: { version: String(at % 2) } });
        });
        const shuffled = rows
          .map((one) => ({ one, order: random.next().value }))
          .sort((a, b) => a.order - b.order)
          .map(({ one }) => one);
        const half = Math.floor(rows.length / 2);
        const stored = emptyBacktest();
        for (const one of shuffled.slice(0, half)) countRow(stored, one);
        const report = reportOf(shuffled.slice(half), JSON.parse(JSON.stringify(stored)));
        const byValue = (of: typeof report) => ({
          ...of,
          slices: of.slices.map(({ values }) => [...values].sort((a, b) => (a.value < b.value ? -1 : 1))),
        });
        expect(byValue(report)).toEqual(byValue(reportOf(rows)));
      }),
    );
  });

  it.each<Bins>(['probability', 'probability shift', 'number'])(
    'puts every %s into the bin whose edges hold it',
    (bins) => {
      const range =
        bins === 'probability'
          ? { min: 0, max: 1 }
          : bins === 'number'
            ? { min: -1e12, max: 1e12 }
            : { min: -1, max: 1 };
      fc.assert(
        fc.property(fc.double({ ...range, noNaN: true }), (value) => {
          const [bin] = binsOf(bins, { [binOf(bins, value)]: 1 });
          const slack = Math.abs(value) * 1e-9 + 1e-9;
          expect(value).toBeGreaterThanOrEqual((bin?.from ?? Number.NEGATIVE_INFINITY) - slack);
          expect(value).toBeLessThanOrEqual((bin?.to ?? Number.POSITIVE_INFINITY) + slack);
        }),
      );
    },
  );
});
