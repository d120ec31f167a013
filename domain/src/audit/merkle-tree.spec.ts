import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auditCrypto } from '../testing/audit-crypto.ts';
import type { ByteText } from './audit-crypto.ts';
import { isConsistent, rootOfInclusion } from './check-proofs.ts';
import { growTree, peakCount } from './growing-tree.ts';
import { createTreeHash } from './tree-hash.ts';
import { createTreeProofs } from './tree-proofs.ts';

const hash = createTreeHash(auditCrypto);
const hexOf = (bytes: ByteText) => Buffer.from(bytes, 'latin1').toString('hex');

/** Inputs and roots that implementations of Certificate Transparency publish and share as test data. */
const publishedLeaves = [
  '',
  '00',
  '10',
  '2021',
  '3031',
  '40414243',
  '5051525354555657',
  '606162636465666768696a6b6c6d6e6f',
];
const publishedRoots = [
  'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
  '6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d',
  'fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125',
  'aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77',
  'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
  '4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4',
  '76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef',
  'ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c',
  '5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328',
];
const publishedHashes = publishedLeaves.map((leaf) => hash.leaf(Buffer.from(leaf, 'hex')));

/** RFC 6962, section 2.1, word for word. */
const naiveRoot = (leaves: readonly ByteText[]): ByteText => {
  if (leaves.length === 0) return hash.empty;
  if (leaves.length === 1) return leaves[0] as ByteText;
  let k = 1;
  while (k * 2 < leaves.length) k *= 2;
  return hash.node(naiveRoot(leaves.slice(0, k)), naiveRoot(leaves.slice(k)));
};

const sizesMax = 300;
const leaves = Array.from({ length: sizesMax }, (_, at) => hash.leaf(Uint8Array.from([at >> 8, at & 255])));
const roots = Array.from({ length: sizesMax + 1 }, (_, size) => naiveRoot(leaves.slice(0, size)));
const grown = (size: number) => {
  const tree = growTree(hash);
  for (const leaf of leaves.slice(0, size)) tree.push(leaf);
  return tree;
};
const stretch = (from: number, to: number) =>
  createTreeProofs(hash, { before: grown(from).frontier(), leaves: leaves.slice(from, to) });
const flipped = (bytes: ByteText, at: number) => {
  const place = at % bytes.length;
  return bytes.slice(0, place) + String.fromCharCode(bytes.charCodeAt(place) ^ 1) + bytes.slice(place + 1);
};
const aTree = fc
  .integer({ min: 1, max: sizesMax })
  .chain((size) => fc.record({ size: fc.constant(size), index: fc.nat(size - 1), from: fc.nat(size), at: fc.nat() }));

describe('the Merkle tree', () => {
  it('has the published roots', () => {
    const tree = growTree(hash);
    expect(hexOf(tree.root())).toBe(publishedRoots[0]);
    for (const [at, leaf] of publishedHashes.entries()) {
      tree.push(leaf);
      expect(hexOf(tree.root())).toBe(publishedRoots[at + 1]);
    }
  });

  it('has the published consistency proofs', () => {
    const proofOf = (old: number, size: number) =>
      createTreeProofs(hash, { before: { size: 0, peaks: [] }, leaves: publishedHashes.slice(0, size) })
        .consistency(old)
        .map(hexOf);
    expect(proofOf(2, 5)).toEqual([
      '5f083f0a1a33ca076a95279832580db3e0ef4584bdff1f54c8a360f50de3031e',
      'bc1a0643b12e4d2d7c77918f44e0f4f79a838b6cf9ec5b5c283e1f4d88599e6b',
    ]);
    expect(proofOf(6, 7)).toEqual([
      '0ebc5d3437fbe2db158b9f126a1d118e308181031d0a949f8dededebc558ef6a',
      'b08693ec2e721597130641e8211e7eedccb4c26413963eee6c1e2ed16ffb1a5f',
      'd37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7',
    ]);
  });

  it('grows to the root of the definition, at every size, with a peak for each bit', () => {
    const tree = growTree(hash);
    for (let size = 0; size <= sizesMax; size++) {
      expect(tree.root()).toBe(roots[size]);
      expect(tree.frontier().peaks).toHaveLength(peakCount(size));
      if (size < sizesMax) tree.push(leaves[size] as ByteText);
    }
  });

  it('goes on from every frontier as if it had never stopped', () => {
    for (let from = 0; from <= sizesMax; from += 7) {
      const tree = growTree(hash, grown(from).frontier());
      for (let size = from; size < sizesMax; size++) {
        tree.push(leaves[size] as ByteText);
        expect(tree.root()).toBe(roots[size + 1]);
      }
    }
    expect(() => growTree(hash, { size: 3, peaks: [hash.empty] })).toThrow(RangeError);
  });

  it('proves every leaf of every small tree, from the stretch that it is in', () => {
    for (let size = 1; size <= 70; size++) {
      for (const from of new Set([0, size >> 1, Math.max(0, size - 3)])) {
        const proofs = stretch(from, size);
        expect(proofs.root()).toBe(roots[size]);
        for (let index = from; index < size; index++) {
          const path = proofs.inclusion(index);
          expect(rootOfInclusion(hash, { index, size, leaf: leaves[index] as ByteText, path })).toBe(roots[size]);
        }
      }
    }
  });

  it('proves inclusion in trees of any size, and refuses what was changed in any way', () =>
    fc.assert(
      fc.property(aTree, ({ size, index, from, at }) => {
        const leaf = leaves[index] as ByteText;
        const path = stretch(Math.min(from, index), size).inclusion(index);
        const root = roots[size];
        const rootWith = (changed: object) => rootOfInclusion(hash, { index, size, leaf, path, ...changed });
        expect(rootWith({})).toBe(root);
        expect(rootWith({ leaf: flipped(leaf, at) })).not.toBe(root);
        expect(rootWith({ path: [...path, leaf] })).not.toBe(root);
        expect(rootWith({ path: [leaf, ...path] })).not.toBe(root);
        if (size > 1) expect(rootWith({ index: (index + 1 + (at % (size - 1))) % size })).not.toBe(root);
        for (const [place, node] of path.entries()) {
          expect(rootWith({ path: path.with(place, flipped(node, at)) })).not.toBe(root);
          expect(rootWith({ path: path.toSpliced(place, 1) })).not.toBe(root);
        }
      }),
      { numRuns: 300 },
    ));

  it('proves that it only grew, and refuses what was changed in any way', () =>
    fc.assert(
      fc.property(aTree, ({ size, index, from, at }) => {
        const oldSize = index + 1;
        const path = stretch(Math.min(from, oldSize), size).consistency(oldSize);
        const whole = { oldSize, oldRoot: roots[oldSize] ?? '', size, root: roots[size] ?? '', path };
        expect(isConsistent(hash, whole)).toBe(true);
        expect(isConsistent(hash, { ...whole, oldRoot: flipped(whole.oldRoot, at) })).toBe(false);
        expect(isConsistent(hash, { ...whole, root: flipped(whole.root, at) })).toBe(false);
        expect(isConsistent(hash, { ...whole, path: [...path, hash.empty] })).toBe(false);
        for (const [place, node] of path.entries()) {
          expect(isConsistent(hash, { ...whole, path: path.with(place, flipped(node, at)) })).toBe(false);
          expect(isConsistent(hash, { ...whole, path: path.toSpliced(place, 1) })).toBe(false);
        }
      }),
      { numRuns: 300 },
    ));

  it('makes no proofs for what lies outside of the stretch', () => {
    expect(() => stretch(5, 9).inclusion(4)).toThrow(RangeError);
    expect(() => stretch(5, 9).inclusion(9)).toThrow(RangeError);
    expect(() => stretch(5, 9).consistency(4)).toThrow(RangeError);
  });
});
