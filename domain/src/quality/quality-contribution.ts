import type { Label } from '../prediction-events.ts';
import { microUnits, partMark } from './quality-sums.ts';
import { classMeant, qualityClassesMax, type ScoredOutput, scoredOutput } from './scored-output.ts';

export type Emit = (name: string, amount: number) => void;
export type LabelValue = Pick<Label, 'value' | 'weight'>;

/** Width of a bin of scores: a hundredth. */
export const scoreBins = 100;
/** A score of 0 for what came true would be an infinite loss. */
const scoreMin = 1e-15;
const halves: readonly string[] = ['false', 'true'];

export const named = (...parts: readonly (string | number)[]): string => parts.join(partMark);
/** A hundred million of them are still a number. */
const microMax = 1e300;
/** What is larger counts as that: a log can hold any weight and any output, and a sum is one of integers. */
const micro = (value: number): number => Math.min(microMax, Math.max(-microMax, Math.round(value * microUnits)));
const binOf = (score: number): number => Math.min(scoreBins - 1, Math.max(0, Math.floor(score * scoreBins)));
const lossOf = (score: number): number => -Math.log(Math.min(1, Math.max(score, scoreMin)));

type Classes = Extract<ScoredOutput, { kind: 'classes' }>;

/**
 * What one succeeded prediction adds to the sums of its version: a pure function of output and label, so that a
 * correction takes away exactly what its predecessor added. A prediction without a label adds what it takes to count it
 * later as if it had one (names that begin with `u`).
 */
export const contribute = (output: unknown, label: LabelValue | undefined, emit: Emit): void => {
  const scored = scoredOutput(output);
  if (!label || label.value === null) {
    pending(scored, emit);
    return;
  }
  emit('judged', 1);
  if (!scored || !judge(scored, label.value, label.weight ?? 1, emit)) emit('unscorable', 1);
};

const judge = (scored: ScoredOutput, value: string | number | boolean, weight: number, emit: Emit): boolean => {
  switch (scored.kind) {
    case 'classes':
      return judgeClasses(scored, value, weight, emit);
    case 'class':
      countClass(scored.predicted === String(value), weight, emit);
      return true;
    case 'number': {
      if (typeof value === 'number') return judgeNumber(scored.value, value, weight, emit);
      const probability = asClasses(scored.value);
      return probability !== undefined && typeof value === 'boolean' && judgeClasses(probability, value, weight, emit);
    }
    default:
      return scored satisfies never;
  }
};

/** A number from 0 to 1 may be the probability of a yes; the label tells, by being a boolean. */
const asClasses = (value: number): Classes | undefined => {
  if (value < 0 || value > 1) return undefined;
  const predicted = value >= 0.5 ? 'true' : 'false';
  return {
    ...{ kind: 'classes', names: halves, scores: [1 - value, value], predicted },
    ...{ decision: undefined, isNumbered: false },
  };
};

const countClass = (isRight: boolean, weight: number, emit: Emit): void => {
  emit('cn', 1);
  emit('cw', micro(weight));
  if (isRight) emit('correct', micro(weight));
};

const judgeClasses = (
  { names, scores, predicted, decision, isNumbered }: Classes,
  value: string | number | boolean,
  weight: number,
  emit: Emit,
): boolean => {
  const actual = classMeant(value, names, isNumbered);
  if (actual === undefined) return false;
  const at = names.indexOf(actual);
  const last = names.length - 1;
  countClass(predicted === actual, weight, emit);
  emit('pw', micro(weight));
  emit('brier', micro(weight * brierOf(scores, at)));
  emit('logLoss', micro(weight * lossOf(scores[at] as number)));
  if (decision !== undefined) emit(named('d', Number(decision), actual), micro(weight));
  if (names.length > qualityClassesMax) return true;
  emit(named('c', predicted, actual), micro(weight));
  for (let i = firstBinned(names); i <= last; i++)
    emit(named('h', names[i] as string, binOf(scores[i] as number), Number(i === at)), micro(weight));
  return true;
};

/** Of two classes the last one speaks for both, of more each has a histogram against the rest. */
const firstBinned = (names: readonly string[]): number => (names.length === 2 ? 1 : 0);

/** Of two classes the square of the last one's error, of more the sum of all squares. */
const brierOf = (scores: readonly number[], actual: number): number => {
  let sum = 0;
  for (let i = scores.length === 2 ? 1 : 0; i < scores.length; i++) {
    const error = (scores[i] as number) - Number(i === actual);
    sum += error * error;
  }
  return sum;
};

const judgeNumber = (predicted: number, actual: number, weight: number, emit: Emit): boolean => {
  const error = predicted - actual;
  if (!(Math.abs(error) <= 1e15)) return false;
  emit('rn', 1);
  emit('rw', micro(weight));
  emit('abs', micro(weight * Math.abs(error)));
  emit('square', micro(weight * error * error));
  emit('error', micro(weight * error));
  if (error === 0) emit('equal', micro(weight));
  return true;
};

const pending = (scored: ScoredOutput | undefined, emit: Emit): void => {
  emit('u', 1);
  if (!scored || scored.kind === 'class') return;
  if (scored.kind === 'number') {
    const { value } = scored;
    emit('un', 1);
    emit('uabs', micro(Math.abs(value)));
    emit('usquare', micro(value * value));
    emit('uerror', micro(value));
    if (value === 0) emit('uzero', 1);
  }
  const classes = scored.kind === 'number' ? asClasses(scored.value) : scored;
  if (!classes || classes.names.length > qualityClassesMax) return;
  const { names, scores, predicted, decision } = classes;
  emit(named('uc', predicted), 1);
  emit('ubrier', micro(brierOf(scores, -1)));
  if (decision !== undefined) emit(named('ud', Number(decision)), 1);
  for (const [i, name] of names.entries()) {
    const score = scores[i] as number;
    emit(named('up', name), micro(score));
    emit(named('ul', name), micro(lossOf(score)));
    if (i >= firstBinned(names)) emit(named('uh', name, binOf(score)), 1);
  }
};
