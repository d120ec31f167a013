import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ModelSignature } from '../signature/model-signature.ts';
import { compareOutputs } from './compare-outputs.ts';

const signature: ModelSignature = {
  batched: true,
  inputs: [],
  outputs: [
    { name: 'label', datatype: 'string', shape: [null] },
    { name: 'probabilities', datatype: 'float32', shape: [null, 2] },
    { name: 'scores', datatype: 'float64', shape: [null, null] },
  ],
  features: [],
  classes: ['no', 'yes'],
  threshold: 0.5,
  replayable: true,
};
const answer = (yes: number, more: object = {}) => ({
  label: yes > 0.5 ? 'yes' : 'no',
  probabilities: { no: 1 - yes, yes },
  decision: yes >= 0.5,
  scores: [yes, 100],
  ...more,
});
const compare = (was: unknown, is: unknown) => compareOutputs(signature, was, is);

describe('an answer that is given again', () => {
  it('may differ by as much as rounding can do', () => {
    expect(compare(answer(0.25), answer(0.25 + 1e-7))).toEqual({
      verdict: 'within_tolerance',
      maxDifference: expect.closeTo(1e-7, 12),
      flipped: false,
    });
    expect(compare(answer(0.25), answer(0.25, { scores: [0.25, 100.000_9] })).verdict).toBe('within_tolerance');
  });

  it('is another decision where a small difference crosses a threshold', () => {
    const likeness = compare(answer(0.5 - 1e-8), answer(0.5 + 1e-8));
    expect(likeness).toMatchObject({ verdict: 'decision_flip', flipped: true });
    expect(compare(answer(0.2), { ...answer(0.2), label: 'yes' })).toMatchObject({ verdict: 'decision_flip' });
    const likeliest = { ...answer(0.2), probabilities: { no: 0.5 - 1e-8, yes: 0.5 + 1e-8 } };
    const before = { ...likeliest, probabilities: { no: 0.5 + 1e-8, yes: 0.5 - 1e-8 } };
    expect(compare(before, likeliest)).toMatchObject({ verdict: 'decision_flip', flipped: true });
  });

  it('is another answer where it is further away, or of another form', () => {
    expect(compare(answer(0.25), answer(0.26))).toMatchObject({ verdict: 'mismatch', flipped: false });
    expect(compare(answer(0.25), answer(0.75))).toMatchObject({ verdict: 'mismatch', flipped: true });
    for (const other of [
      null,
      [],
      { ...answer(0.25), scores: [0.25] },
      { ...answer(0.25), scores: ['NaN', 100] },
      { ...answer(0.25), probabilities: { no: 0.75, ja: 0.25 } },
      { ...answer(0.25), more: 1 },
    ]) {
      expect(compare(answer(0.25), other).verdict).toBe('mismatch');
    }
    const infinite = answer(0.25, { scores: ['Infinity', 'NaN'] });
    expect(compare(infinite, answer(0.25 + 1e-9, { scores: ['Infinity', 'NaN'] })).verdict).toBe('within_tolerance');
  });

  it('is judged alike in both directions', () => {
    const any = fc.double({ min: 0, max: 1, noNaN: true }).map((yes) => answer(yes));
    fc.assert(
      fc.property(any, any, (a, b) => {
        expect(compare(a, b)).toEqual(compare(b, a));
        expect(compare(a, a)).toEqual({ verdict: 'within_tolerance', maxDifference: 0, flipped: false });
      }),
    );
  });
});
