import type { ByteText } from './audit-crypto.ts';
import type { TreeHash } from './tree-hash.ts';

/** The roots of the complete subtrees that a tree of this size is made of, largest first: one for each 1 in its binary form. */
export interface Frontier {
  readonly size: number;
  readonly peaks: readonly ByteText[];
}

export const emptyFrontier: Frontier = { size: 0, peaks: [] };

/** How many peaks a tree of this size has. */
export const peakCount = (size: number): number => {
  let count = 0;
  for (let rest = size; rest > 0; rest = Math.floor(rest / 2)) count += rest % 2;
  return count;
};

/** The root of the tree that the peaks are of. */
export const rootOf = (hash: Pick<TreeHash, 'node' | 'empty'>, peaks: readonly ByteText[]): ByteText => {
  let root = peaks.at(-1) ?? hash.empty;
  for (let at = peaks.length - 2; at >= 0; at--) root = hash.node(peaks[at] as ByteText, root);
  return root;
};

/** A tree that leaves are only added to: it keeps a hash for each level and no leaf. */
export interface GrowingTree {
  readonly size: number;
  push(leaf: ByteText): void;
  root(): ByteText;
  frontier(): Frontier;
}

/** @throws RangeError where the peaks are not those of a tree of this size */
export const growTree = (hash: Pick<TreeHash, 'node' | 'empty'>, from: Frontier = emptyFrontier): GrowingTree => {
  if (from.peaks.length !== peakCount(from.size)) throw new RangeError('The frontier has not the peaks of its size.');
  const peaks = from.peaks.slice();
  let size = from.size;
  return {
    get size() {
      return size;
    },
    push(leaf) {
      let node = leaf;
      for (let rest = size; rest % 2 === 1; rest = (rest - 1) / 2) node = hash.node(peaks.pop() as ByteText, node);
      peaks.push(node);
      size += 1;
    },
    root: () => rootOf(hash, peaks),
    frontier: () => ({ size, peaks: peaks.slice() }),
  };
};
