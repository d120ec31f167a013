import {
  addTo,
  chooseLabel,
  contribute,
  MATURITIES,
  maturityBoundsMs,
  maturityBucketOf,
  maturityBuckets,
  type PredictionQualityDoc,
  type SumsInTheMaking,
} from '@hindcast/domain';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createQualitySummary } from './quality-summary.ts';

const hourMs = 3_600_000;
const now = 4_000 * hourMs;
const output = { p: { no: 0.3, yes: 0.7 } };

interface Told {
  readonly afterMs: number;
  readonly value: string | null;
}

/** What was said of one prediction of this age, in hours, as the view has it. */
const docOf = (age: number, told: readonly Told[], at: number): PredictionQualityDoc => {
  const buckets = Array.from({ length: maturityBuckets }, (): SumsInTheMaking => ({}));
  const add = (afterMs: number, name: string, amount: number) =>
    addTo(buckets[maturityBucketOf(afterMs)] as SumsInTheMaking, name, amount);
  for (const name of ['accepted', 'succeeded']) add(0, name, 1);
  contribute(output, undefined, (name, amount) => add(0, name, amount));
  for (const [place, label] of told.entries()) {
    contribute(output, told[place - 1], (name, amount) => add(label.afterMs, name, -amount));
    contribute(output, label, (name, amount) => add(label.afterMs, name, amount));
  }
  const place = { tenant: 'default', model: 'churn', version: 1, partition: 0 };
  return { ...place, key: `k${at}`, hour: now - (age + 1) * hourMs, pos: 1, buckets };
};

const anyTold = fc
  .array(
    fc.record({
      afterMs: fc.integer({ min: 0, max: 3_000 }).map((hours) => hours * hourMs),
      value: fc.constantFrom('yes', 'no', null),
    }),
    { maxLength: 4 },
  )
  .map((told) => told.sort((a, b) => a.afterMs - b.afterMs));
const anyPrediction = fc
  .record({ age: fc.integer({ min: 0, max: 3_000 }), told: anyTold })
  .map(({ age, told }) => ({ age, told: told.filter(({ afterMs }) => afterMs <= age * hourMs) }));

it('counts as labeled and as absent what a data set gives a label, and assumes one for', () =>
  fc.assert(
    fc.property(
      fc.array(anyPrediction, { maxLength: 8 }),
      fc.option(fc.constantFrom(...MATURITIES), { nil: undefined }),
      fc.integer({ min: 1, max: 2_160 }),
      (predictions, maturity, hours) => {
        const maturityMs = maturity && maturityBoundsMs[maturity];
        const afterMs = Math.min(hours * hourMs, maturityMs ?? Number.POSITIVE_INFINITY);
        const summary = createQualitySummary({
          now,
          maturity,
          absent: { valueFor: () => 'no', afterMs },
          groupBy: undefined,
        });
        summary.add(predictions.map(({ age, told }, at) => docOf(age, told, at)));
        const [row] = summary.rows(() => 'yes');
        const policy = { pick: 'latest', absent: { value: 'no', afterMs }, ...(maturityMs && { maturityMs }) } as const;
        const chosen = predictions.map(({ age, told }) => {
          const madeAt = now - age * hourMs;
          const known = told.map(({ afterMs: late, value }, at) => ({
            ...{ value, at: madeAt + late, knownAt: madeAt + late, revision: at + 1 },
          }));
          return chooseLabel(known, policy, madeAt, now).kind;
        });
        const count = (wanted: string) => chosen.filter((kind) => kind === wanted).length;
        expect(row?.labeled ?? 0).toBe(count('label'));
        expect(Math.round((row?.coverage ?? 0) * (row?.succeeded ?? 0))).toBe(count('label'));
        expect(row?.absent ?? 0).toBe(count('assumed'));
      },
    ),
  ));
