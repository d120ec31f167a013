import { floatTolerance } from '../signature/float-tolerance.ts';
import type { Datatype, ModelSignature } from '../signature/model-signature.ts';
import { isFloat } from '../signature/tensor-data.ts';

/** How an answer is like the one that was recorded, from alike to unlike. */
export interface Likeness {
  /**
   * `within_tolerance`: only floats differ, by no more than rounding can do. `decision_flip`: they differ no more than
   * that, and what is no float differs: a class, a decision. `mismatch`: all else.
   */
  readonly verdict: 'within_tolerance' | 'decision_flip' | 'mismatch';
  /** Of two floats at the same place. */
  readonly maxDifference: number;
  /** A class, a decision, or which class is the most likely one. */
  readonly flipped: boolean;
}

/** Compares answers whose texts differ. */
export const compareOutputs = (signature: ModelSignature, recorded: unknown, again: unknown): Likeness => {
  const found: Found = { maxDifference: 0, isApart: false, flipped: false };
  if (isObject(recorded) && isObject(again) && sameNames(recorded, again)) {
    const floats = new Map(
      signature.outputs.filter(({ datatype }) => isFloat(datatype)).map((o) => [o.name, o.datatype]),
    );
    for (const [name, was] of Object.entries(recorded)) {
      const datatype = floats.get(name);
      if (datatype) compareFloats(was, again[name], datatype, found);
      else if (JSON.stringify(was) !== JSON.stringify(again[name])) found.flipped = true;
    }
  } else found.isApart = true;
  const { maxDifference, flipped } = found;
  const verdict = found.isApart ? 'mismatch' : flipped ? 'decision_flip' : 'within_tolerance';
  return { verdict, maxDifference, flipped };
};

interface Found {
  maxDifference: number;
  isApart: boolean;
  flipped: boolean;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const sameNames = (a: object, b: object): boolean => {
  const names = Object.keys(a);
  return names.length === Object.keys(b).length && names.every((name) => Object.hasOwn(b, name));
};

/** The numbers of an answer in their order, or the texts that stand for numbers which JSON does not have. */
const leavesOf = (value: unknown): readonly unknown[] =>
  typeof value === 'object' && value !== null ? Object.values(value).flatMap(leavesOf) : [value];

const compareFloats = (was: unknown, is: unknown, datatype: Datatype, found: Found): void => {
  const before = leavesOf(was);
  const after = leavesOf(is);
  if (before.length !== after.length || (isObject(was) && !(isObject(is) && sameNames(was, is)))) {
    found.isApart = true;
    return;
  }
  const allowed = floatTolerance(datatype, largestOf(before));
  for (const [at, one] of before.entries()) {
    const other = after[at];
    if (Object.is(one, other)) continue;
    if (typeof one !== 'number' || typeof other !== 'number') {
      found.isApart = true;
      continue;
    }
    const difference = Math.abs(one - other);
    found.maxDifference = Math.max(found.maxDifference, difference);
    if (difference > allowed) found.isApart = true;
  }
  if (isObject(was) && likeliest(before) !== likeliest(after)) found.flipped = true;
};

const largestOf = (leaves: readonly unknown[]): number =>
  leaves.reduce<number>((largest, leaf) => Math.max(largest, typeof leaf === 'number' ? Math.abs(leaf) : 0), 0);

const likeliest = (leaves: readonly unknown[]): number =>
  leaves.reduce<number>((best, leaf, at) => (Number(leaf) > Number(leaves[best]) ? at : best), 0);
