import type { ModelSignature, TensorSpec } from '../signature/model-signature.ts';
import { decisionKey } from '../signature/tensors-to-output.ts';
import { notFiniteTexts } from '../signature/tensors-to-output-element.ts';
import { partMark } from './quality-sums.ts';

/** What of an output can be compared with a label. */
export type ScoredOutput =
  | {
      readonly kind: 'classes';
      /** In the order of the output, which is the order of the signature's classes. */
      readonly names: readonly string[];
      readonly scores: readonly number[];
      readonly predicted: string;
      readonly decision: boolean | undefined;
      /** Whether the number of a class stands beside the scores: labels may be such numbers too. */
      readonly isNumbered: boolean;
    }
  /** A class without scores. */
  | { readonly kind: 'class'; readonly predicted: string }
  | { readonly kind: 'number'; readonly value: number };

/** Classes that are told apart by confusion and histogram; of more only the totals are kept. */
export const qualityClassesMax = 16;
const classCharsMax = 128;
/** Beyond it squares and sums say nothing. */
const numberMax = 1e15;

/**
 * Reads the answer of a model as `rowOutputs` made it: the first object of class and number, else the first number, else
 * the first text or boolean. undefined where there is none, as with arrays, or payloads that are kept apart.
 */
export const scoredOutput = (output: unknown): ScoredOutput | undefined => {
  if (typeof output !== 'object' || output === null || Array.isArray(output)) return undefined;
  const outputs = output as Readonly<Record<string, unknown>>;
  let first: ScoredOutput | undefined;
  for (const name in outputs) {
    if (name === decisionKey) continue;
    const value = outputs[name];
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return classScores(value as Readonly<Record<string, unknown>>, outputs);
    }
    const read = scalar(value);
    if (!first || (read?.kind === 'number' && first.kind !== 'number')) first = read ?? first;
  }
  return first;
};

const notNumbers: ReadonlySet<unknown> = new Set(notFiniteTexts);

const scalar = (value: unknown): ScoredOutput | undefined => {
  if (typeof value === 'number') return Math.abs(value) <= numberMax ? { kind: 'number', value } : undefined;
  if (typeof value === 'boolean') return { kind: 'class', predicted: String(value) };
  if (typeof value === 'string' && !notNumbers.has(value)) return { kind: 'class', predicted: value };
  return undefined;
};

const classScores = (
  byClass: Readonly<Record<string, unknown>>,
  outputs: Readonly<Record<string, unknown>>,
): ScoredOutput | undefined => {
  const names = Object.keys(byClass);
  const scores: number[] = [];
  let best = 0;
  for (const [at, name] of names.entries()) {
    const score = byClass[name];
    if (typeof score !== 'number' || name.length > classCharsMax || name.includes(partMark)) return undefined;
    scores.push(score);
    if (score > (scores[best] as number)) best = at;
  }
  if (names.length < 2) return undefined;
  const decision = outputs[decisionKey];
  return {
    kind: 'classes',
    names,
    scores,
    predicted: names[best] as string,
    decision: typeof decision === 'boolean' && names.length === 2 ? decision : undefined,
    isNumbered: Object.keys(outputs).some((name) => name !== decisionKey && isPlace(outputs[name], names)),
  };
};

const isPlace = (value: unknown, names: readonly string[]): value is number =>
  typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < names.length;
const integer = /^-?\d+$/;

/**
 * The class that a label means: its own text; where the model answers the number of a class, the one at that place,
 * counted from 0, unless classes have numbers for names; of two classes for a yes or no that is not named so, 1 or 0, else
 * the last one or the first. undefined where it means none of them.
 */
export const classMeant = (
  value: string | number | boolean,
  names: readonly string[],
  isNumbered: boolean,
): string | undefined => {
  const text = String(value);
  if (names.includes(text)) return text;
  if (isNumbered && isPlace(value, names) && !names.some((name) => integer.test(name))) return names[value];
  const yes = value === true || value === 1 ? true : value === false || value === 0 ? false : undefined;
  if (yes === undefined || names.length !== 2) return undefined;
  const own = (yes ? ['true', '1'] : ['false', '0']).find((name) => names.includes(name));
  return own ?? names[yes ? 1 : 0];
};

/** The class of a version that a label means, as far as its signature tells. */
export const classOfVersion = (
  { classes, outputs, batched }: Pick<ModelSignature, 'classes' | 'outputs' | 'batched'>,
  value: string | number | boolean,
): string | undefined => {
  const isNumber = ({ datatype, shape }: TensorSpec) =>
    integerTypes.test(datatype) && shape.slice(batched ? 1 : 0).every((size) => size === 1);
  return classes && classMeant(value, classes, outputs.some(isNumber));
};
const integerTypes = /^u?int/;
