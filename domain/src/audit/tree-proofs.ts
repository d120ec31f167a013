import type { ByteText } from './audit-crypto.ts';
import { type Frontier, peakCount } from './growing-tree.ts';
import type { TreeHash } from './tree-hash.ts';

/** The stretch of a tree that proofs can be made for: what came before it is known by its peaks alone. */
export interface TreeStretch {
  readonly before: Frontier;
  /** Hashes of the leaves from `before.size` on. */
  readonly leaves: readonly ByteText[];
}

/** Subtrees from this many leaves on are remembered between proofs. */
const rememberedLeavesMin = 64;

/** Where the left half of a tree of `count` leaves ends: the largest power of two below `count`. */
export const leftHalf = (count: number): number => {
  let half = 1;
  while (half * 2 < count) half *= 2;
  return half;
};

const peaksByStart = ({ size, peaks }: Frontier): ReadonlyMap<number, ByteText> => {
  if (peaks.length !== peakCount(size)) throw new RangeError('The frontier has not the peaks of its size.');
  const starts = new Map<number, ByteText>();
  let start = 0;
  for (const peak of peaks) {
    let width = 1;
    while (width * 2 <= size - start) width *= 2;
    starts.set(start, peak);
    start += width;
  }
  return starts;
};

/**
 * Proofs about the tree that ends with the stretch. Whatever lies before the stretch and is needed is a peak of it, so
 * that a proof costs as much as the stretch is long, however large the tree is.
 * @see https://www.rfc-editor.org/rfc/rfc6962#section-2.1.1
 */
export const createTreeProofs = (hash: Pick<TreeHash, 'node' | 'empty'>, { before, leaves }: TreeStretch) => {
  const peaks = peaksByStart(before);
  const size = before.size + leaves.length;
  const remembered = new Map<string, ByteText>();

  const compute = (from: number, to: number): ByteText => {
    if (to <= before.size) {
      const peak = peaks.get(from);
      if (peak === undefined) throw new RangeError(`The leaves ${from} to ${to} lie before the stretch.`);
      return peak;
    }
    if (to - from === 1) return leaves[from - before.size] as ByteText;
    const middle = from + leftHalf(to - from);
    return hash.node(nodeOf(from, middle), nodeOf(middle, to));
  };
  /** The root of the leaves of a subtree. */
  const nodeOf = (from: number, to: number): ByteText => {
    if (to - from < rememberedLeavesMin) return compute(from, to);
    const key = `${from}-${to}`;
    const known = remembered.get(key) ?? compute(from, to);
    remembered.set(key, known);
    return known;
  };

  const pathIn = (index: number, from: number, to: number): ByteText[] => {
    if (to - from === 1) return [];
    const middle = from + leftHalf(to - from);
    return index < middle
      ? [...pathIn(index, from, middle), nodeOf(middle, to)]
      : [...pathIn(index, middle, to), nodeOf(from, middle)];
  };
  const subproof = (old: number, from: number, to: number, isWhole: boolean): ByteText[] => {
    if (old === to) return isWhole ? [] : [nodeOf(from, to)];
    const middle = from + leftHalf(to - from);
    return old <= middle
      ? [...subproof(old, from, middle, isWhole), nodeOf(middle, to)]
      : [...subproof(old, middle, to, false), nodeOf(from, middle)];
  };

  return {
    size,
    root: (): ByteText => (size === 0 ? hash.empty : nodeOf(0, size)),
    /** The audit path of a leaf of the stretch, from the leaf to the root. */
    inclusion(index: number): readonly ByteText[] {
      if (index < before.size || index >= size) throw new RangeError(`The leaf ${index} is not in the stretch.`);
      return pathIn(index, 0, size);
    },
    /** That the tree of `old` leaves is the beginning of this one. `old` lies in the stretch, or at its beginning. */
    consistency(old: number): readonly ByteText[] {
      if (old < 1 || old > size || old < before.size) throw new RangeError(`The size ${old} is not in the stretch.`);
      return subproof(old, 0, size, true);
    },
  };
};
