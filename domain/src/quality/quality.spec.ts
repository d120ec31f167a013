import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countAbsent } from './absent-labels.ts';
import { contribute, type LabelValue } from './quality-contribution.ts';
import { classQuality, numberQuality } from './quality-metrics.ts';
import { addSum, addTo, maturityBucketOf, type SumsInTheMaking } from './quality-sums.ts';
import { classMeant, qualityClassesMax, scoredOutput } from './scored-output.ts';

interface Judged {
  readonly output: unknown;
  readonly label?: LabelValue;
}
const sumsOf = (all: readonly Judged[], sums: SumsInTheMaking = {}, sign = 1): SumsInTheMaking => {
  for (const { output, label } of all) contribute(output, label, (name, amount) => addTo(sums, name, sign * amount));
  return sums;
};
const binary = (yes: number, decision?: boolean) => ({
  ...{ label: yes >= 0.5 ? 'yes' : 'no', probabilities: { no: 1 - yes, yes } },
  ...(decision === undefined ? undefined : { decision }),
});
/** The area under the curve, pair by pair. */
const trueArea = (all: readonly { score: number; is: boolean; weight: number }[]): number => {
  let [won, pairs] = [0, 0];
  for (const a of all.filter(({ is }) => is)) {
    for (const b of all.filter(({ is }) => !is)) {
      const weight = a.weight * b.weight;
      pairs += weight;
      won += a.score > b.score ? weight : a.score === b.score ? weight / 2 : 0;
    }
  }
  return won / pairs;
};

const anyLabel = fc.record({
  value: fc.oneof(fc.constantFrom('yes', 'no', 'maybe'), fc.boolean(), fc.constant(null), fc.double({ noNaN: true })),
  weight: fc.oneof(fc.double({ min: 0, max: 1e6, noNaN: true }), fc.constantFrom(1e300, Number.MAX_VALUE)),
});
const anyOutput = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map((yes) => binary(yes, yes > 0.4)),
  fc.record({ value: fc.double({ noNaN: true }) }),
  fc.constantFrom({ value: Number.MAX_VALUE }, { value: -1e14 }),
  fc.constantFrom({ label: 'yes' }, { values: [1, 2] }, undefined, { p: { a: 0.2, b: 0.3, c: 0.5 } }),
);

describe('sums of quality', () => {
  it('are the same in any order, and a correction takes away exactly what it corrects', () =>
    fc.assert(
      fc.property(
        fc.array(fc.record({ output: anyOutput, label: anyLabel, first: anyLabel, order: fc.nat() }), {
          maxLength: 20,
        }),
        (all) => {
          const plain = sumsOf(all);
          const corrected = sumsOf(all.map(({ output, first }) => ({ output, label: first })));
          for (const { output, label, first } of [...all].sort((a, b) => a.order - b.order)) {
            sumsOf([{ output, label: first }], corrected, -1);
            sumsOf([{ output, label }], corrected);
          }
          expect(corrected).toEqual(plain);
        },
      ),
    ));

  it('are exact beyond the integers that a double holds', () => {
    expect(addSum(2 ** 53 - 1, 1)).toBe('9007199254740992');
    expect(addSum('9007199254740992', -1)).toBe(2 ** 53 - 1);
    expect(addSum(1e21, 1)).toBe('1000000000000000000001');
    expect(addSum(5, -5)).toBeUndefined();
  });

  it('tell maturities apart by how late a label came', () => {
    const day = 86_400_000;
    expect([-5, 3_600_000, 3_600_001, day, 7 * day, 30 * day, 90 * day, 91 * day].map(maturityBucketOf)).toEqual([
      0, 0, 1, 1, 2, 3, 4, 5,
    ]);
  });
});

describe('quality of classes', () => {
  it('equals what pairs, errors and logarithms give, weights counted', () =>
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            score: fc.double({ min: 0.001, max: 0.999, noNaN: true }),
            is: fc.boolean(),
            weight: fc.constantFrom(0.5, 1, 3),
          }),
          { minLength: 2, maxLength: 60 },
        ),
        (all) => {
          const sums = sumsOf(
            all.map(({ score, is, weight }) => ({ output: binary(score, score > 0.4), label: { value: is, weight } })),
          );
          const quality = classQuality(sums, 'yes');
          const weights = all.reduce((sum, { weight }) => sum + weight, 0);
          const mean = (of: (one: (typeof all)[number]) => number) =>
            all.reduce((sum, one) => sum + one.weight * of(one), 0) / weights;
          expect(quality?.n).toBe(all.length);
          expect(quality?.weight).toBeCloseTo(weights, 6);
          expect(quality?.accuracy).toBeCloseTo(
            mean(({ score, is }) => Number(score > 0.5 === is)),
            9,
          );
          expect(quality?.decisionAccuracy).toBeCloseTo(
            mean(({ score, is }) => Number(score > 0.4 === is)),
            9,
          );
          expect(quality?.brier).toBeCloseTo(
            mean(({ score, is }) => (score - Number(is)) ** 2),
            5,
          );
          expect(quality?.logLoss).toBeCloseTo(
            mean(({ score, is }) => -Math.log(is ? score : 1 - score)),
            5,
          );
          if (all.every(({ is }) => is === all[0]?.is)) expect(quality?.auc).toBeNull();
          else
            expect(Math.abs((quality?.auc ?? 0) - trueArea(all))).toBeLessThanOrEqual((quality?.aucError ?? 0) + 1e-9);
        },
      ),
    ));

  it('counts who is absent as the label says, as if it had been given', () =>
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 1, maxLength: 30 }),
        fc.constantFrom(false, true, 'no', 'yes', 0, 1),
        (scores, value) => {
          const outputs = scores.map((score) => ({ output: binary(score, score > 0.4) }));
          const absent: SumsInTheMaking = {};
          expect(countAbsent(sumsOf(outputs), value, absent)).toBe(scores.length);
          const given = sumsOf(outputs.map(({ output }) => ({ output, label: { value } })));
          const [a, b] = [classQuality(absent, 'yes'), classQuality(given, 'yes')];
          expect({ ...a, brier: 0, logLoss: 0 }).toEqual({ ...b, brier: 0, logLoss: 0 });
          expect(a?.brier).toBeCloseTo(b?.brier ?? -1, 5);
          expect(a?.logLoss).toBeCloseTo(b?.logLoss ?? -1, 5);
        },
      ),
    ));

  it('keeps totals alone of many classes', () => {
    const names = Array.from({ length: qualityClassesMax + 1 }, (_, i) => `c${i}`);
    const output = { p: Object.fromEntries(names.map((name, i) => [name, i === 3 ? 0.9 : 0.01])) };
    const quality = classQuality(sumsOf([{ output, label: { value: 'c3' } }]), undefined);
    expect(quality).toMatchObject({ n: 1, accuracy: 1, auc: null, confusion: [] });
    expect(countAbsent(sumsOf([{ output }]), 'c3', {})).toBe(0);
  });
});

it('counts what a model answers as the number of a class as that class, also in a label', () => {
  const answer = { label: 0, probabilities: { setosa: 0.8, versicolor: 0.15, virginica: 0.05 } };
  const of = (value: number | string) => classQuality(sumsOf([{ output: answer, label: { value } }]), undefined);
  expect(of(answer.label)).toMatchObject({ n: 1, accuracy: 1 });
  expect(of(answer.label)).toEqual(of('setosa'));
  expect(of(2)).toEqual(of('virginica'));
  expect(of(3)).toBeUndefined();
});

describe('quality of numbers', () => {
  it('is the mean of errors, squares and signs, and of absent labels too', () => {
    const all = [
      { output: { value: 3 }, label: { value: 1, weight: 2 } },
      { output: { value: -1.5 }, label: { value: 1 } },
    ];
    expect(numberQuality(sumsOf(all))).toMatchObject({ n: 2, weight: 3, mae: 6.5 / 3, bias: 0.5, equal: 0 });
    expect(numberQuality(sumsOf(all))?.rmse).toBeCloseTo(Math.sqrt((8 + 6.25) / 3), 6);
    const outputs = all.map(({ output }) => ({ output }));
    const [zero, two]: SumsInTheMaking[] = [{}, {}];
    if (!zero || !two) throw new Error('There are no sums.');
    expect([countAbsent(sumsOf(outputs), 0, zero), countAbsent(sumsOf(outputs), 2, two)]).toEqual([2, 2]);
    expect(numberQuality(zero)).toMatchObject({ mae: 2.25, bias: 0.75, equal: 0 });
    expect(numberQuality(two)).toMatchObject({ mae: null, bias: -1.25 });
    expect(numberQuality(two)?.rmse).toBeCloseTo(Math.sqrt((1 + 12.25) / 2), 6);
  });

  it('is of a probability where the label is a yes or no', () => {
    const sums = sumsOf([{ output: { probability: 0.8 }, label: { value: true } }]);
    expect(classQuality(sums, undefined)).toMatchObject({ n: 1, accuracy: 1, brier: 0.04 });
    expect(numberQuality(sums)).toBeUndefined();
  });
});

describe('what cannot be compared', () => {
  it.each([
    ['an array', { values: [0.2, 0.8] }, { value: 1 }],
    ['no output', undefined, { value: 1 }],
    ['a label of no class', binary(0.2), { value: 'perhaps' }],
    ['a text for a number', { value: 3 }, { value: 'three' }],
    ['a score that is no number', { p: { a: 'NaN', b: 0.5 } }, { value: 'a' }],
  ])('is counted: %s', (_, output, label) => {
    expect(sumsOf([{ output, label }])).toEqual({ judged: 1, unscorable: 1 });
  });

  it('is no label that was taken back', () => {
    const taken = sumsOf([{ output: binary(0.2), label: { value: null } }]);
    expect(taken).toEqual(sumsOf([{ output: binary(0.2) }]));
  });
});

describe('an output', () => {
  it('is read by its scores first, then its number, then its text', () => {
    expect(scoredOutput({ label: 'no', p: { no: 0.7, yes: 0.3 }, decision: true })).toMatchObject({
      ...{ kind: 'classes', predicted: 'no', decision: true },
    });
    expect(scoredOutput({ p: { a: 0.2, b: 0.5, c: 0.3 }, label: 3 })).toMatchObject({ isNumbered: false });
    expect(scoredOutput({ label: 2, p: { a: 0.2, b: 0.5, c: 0.3 } })).toMatchObject({ isNumbered: true });
    expect(scoredOutput({ name: 'a', value: 3 })).toEqual({ kind: 'number', value: 3 });
    expect(scoredOutput({ name: 'a', ok: true })).toEqual({ kind: 'class', predicted: 'a' });
    expect(scoredOutput({ value: 'NaN' })).toBeUndefined();
    expect(scoredOutput([1])).toBeUndefined();
  });

  it.each([
    ['yes', ['no', 'yes'], 'yes'],
    [true, ['no', 'yes'], 'yes'],
    [0, ['no', 'yes'], 'no'],
    [true, ['0', '1'], '1'],
    [1, ['1', '2', '3'], '1'],
    [1, ['true', 'false'], 'true'],
    [true, ['a', 'b', 'c'], undefined],
    [true, ['0', '1', '2'], undefined],
    [false, ['0', '1', '2'], undefined],
    [1, ['false', 'true', 'unknown'], undefined],
    [7, ['no', 'yes'], undefined],
  ] as const)('%j of %j means %j', (value, names, meant) => {
    expect(classMeant(value, names, false)).toBe(meant);
  });

  it.each([
    [0, ['a', 'b', 'c'], 'a'],
    [2, ['a', 'b', 'c'], 'c'],
    [0, ['true', 'false'], 'true'],
    ['c', ['a', 'b', 'c'], 'c'],
    [3, ['a', 'b', 'c'], undefined],
    [-1, ['a', 'b', 'c'], undefined],
    [0.5, ['a', 'b', 'c'], undefined],
    [true, ['a', 'b', 'c'], undefined],
    ['1', ['a', 'b', 'c'], undefined],
    [0, ['1', '2', '3'], undefined],
    [2, ['1', '2', '3'], '2'],
  ] as const)('that is the number of a class: then %j of %j means %j', (value, names, meant) => {
    expect(classMeant(value, names, true)).toBe(meant);
  });
});
