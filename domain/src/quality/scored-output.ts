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
  };
};

/**
 * The class that a label means: its own text, or of two classes for a yes or no that is not named so, 1 or 0, else the
 * last one or the first. undefined where it means none of them.
 */
export const classMeant = (value: string | number | boolean, names: readonly string[]): string | undefined => {
  const text = String(value);
  if (names.includes(text)) return text;
  const yes = value === true || value === 1 ? true : value === false || value === 0 ? false : undefined;
  if (yes === undefined || names.length !== 2) return undefined;
  const own = (yes ? ['true', '1'] : ['false', '0']).find((name) => names.includes(name));
  return own ?? names[yes ? 1 : 0];
};
