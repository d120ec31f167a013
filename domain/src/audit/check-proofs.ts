import type { ByteText } from './audit-crypto.ts';
import type { TreeHash } from './tree-hash.ts';

type NodeHash = Pick<TreeHash, 'node'>;

export interface Inclusion {
  readonly index: number;
  readonly size: number;
  readonly leaf: ByteText;
  readonly path: readonly ByteText[];
}

const isSize = (value: number): boolean => Number.isSafeInteger(value) && value >= 0;
const isOdd = (value: number): boolean => value % 2 === 1;
const half = (value: number): number => Math.floor(value / 2);

/**
 * The root that a tree has which holds the leaf at this place, undefined where the path is none of such a tree.
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.3.2
 */
export const rootOfInclusion = (hash: NodeHash, { index, size, leaf, path }: Inclusion): ByteText | undefined => {
  if (!isSize(index) || !isSize(size) || index >= size) return undefined;
  let at = index;
  let last = size - 1;
  let root = leaf;
  for (const sibling of path) {
    if (last === 0) return undefined;
    if (isOdd(at) || at === last) {
      root = hash.node(sibling, root);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      root = hash.node(root, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 ? root : undefined;
};

export interface Consistency {
  readonly oldSize: number;
  readonly oldRoot: ByteText;
  readonly size: number;
  readonly root: ByteText;
  readonly path: readonly ByteText[];
}

/**
 * Whether the path proves that the older tree is the beginning of the newer one.
 * @see https://www.rfc-editor.org/rfc/rfc9162#section-2.1.4.2
 */
export const isConsistent = (hash: NodeHash, { oldSize, oldRoot, size, root, path }: Consistency): boolean => {
  if (!isSize(oldSize) || !isSize(size) || oldSize < 1 || oldSize > size) return false;
  if (oldSize === size) return path.length === 0 && oldRoot === root;
  let at = oldSize - 1;
  let last = size - 1;
  while (isOdd(at)) {
    at = half(at);
    last = half(last);
  }
  const [first, ...rest] = at === 0 ? [oldRoot, ...path] : path;
  if (first === undefined) return false;
  let [olderRoot, newerRoot] = [first, first];
  for (const sibling of rest) {
    if (last === 0) return false;
    if (isOdd(at) || at === last) {
      olderRoot = hash.node(sibling, olderRoot);
      newerRoot = hash.node(sibling, newerRoot);
      while (!isOdd(at) && at !== 0) {
        at = half(at);
        last = half(last);
      }
    } else {
      newerRoot = hash.node(newerRoot, sibling);
    }
    at = half(at);
    last = half(last);
  }
  return last === 0 && olderRoot === oldRoot && newerRoot === root;
};
