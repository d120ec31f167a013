import { notFiniteTexts } from '../signature/tensors-to-output-element.ts';

/**
 * What stands at a path of a JSON value. `nested` is an array, or an object that is not opened; `notFinite` the text that stands in
 * an output for a number that JSON has not.
 */
export type LeafKind = 'null' | 'number' | 'notFinite' | 'string' | 'boolean' | 'nested';

export interface Leaf {
  /** Names of members and places in lists, from the outside in. */
  readonly path: readonly string[];
  readonly kind: LeafKind;
  /** It is of a list that was opened, and not of an object. */
  readonly isPlace?: true;
}

/** Longer lists are not taken apart: an image is no row of columns. */
export const listColumnsMax = 256;

export const kindOf = (value: unknown): LeafKind => {
  if (value === null) return 'null';
  const type = typeof value;
  return type === 'number' || type === 'string' || type === 'boolean' ? type : 'nested';
};

const notFinite: ReadonlySet<unknown> = new Set(notFiniteTexts);

export const outputKindOf = (value: unknown): LeafKind => (notFinite.has(value) ? 'notFinite' : kindOf(value));

/** Leaves of a shape whose objects are objects, and whose other members are told by `kind`. */
export const leavesOf = (
  shape: unknown,
  depth: number,
  kind: (value: unknown) => LeafKind,
  path: readonly string[] = [],
): readonly Leaf[] => {
  const isOpened = typeof shape === 'object' && shape !== null && !Array.isArray(shape) && path.length < depth;
  if (!isOpened) return [{ path, kind: kind(shape) }];
  const members = Object.entries(shape);
  // An object without members has nothing to say of columns, like a null.
  if (members.length === 0) return [{ path, kind: 'null' }];
  return members.flatMap(([name, member]) => leavesOf(member, depth, kind, [...path, name]));
};

/** A list of which each place becomes a column. */
export const isShortList = (value: unknown): value is readonly unknown[] =>
  Array.isArray(value) && value.length > 0 && value.length <= listColumnsMax;

/** Leaves of an input: a short list is opened at its places. */
export const inputLeavesOf = (input: unknown, depth: number): readonly Leaf[] =>
  isShortList(input)
    ? placesOf(leavesOf(Object.fromEntries(input.entries()), depth, kindOf))
    : leavesOf(input, depth, kindOf);

/** Leaves of the object that stands for a list. */
export const placesOf = (leaves: readonly Leaf[]): readonly Leaf[] =>
  leaves.map((leaf) => (leaf.path.length > 0 ? { ...leaf, isPlace: true } : leaf));
