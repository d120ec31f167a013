import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { murmur2, partitionOf } from './partitioning.ts';

describe('murmur2', () => {
  /** From Kafka's own UtilsTest. */
  it.each([
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ])('of %s is what Kafka computes', (text, hash) => {
    expect(murmur2(text)).toBe(hash);
  });

  /** Kafka's algorithm again, plainly, on bytes. */
  const plain = (bytes: Uint8Array): number => {
    const m = 0x5bd1e995;
    let h = 0x9747b28c ^ bytes.length;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    let at = 0;
    for (; at + 4 <= bytes.length; at += 4) {
      let k = Math.imul(view.getInt32(at, true), m);
      k = Math.imul(k ^ (k >>> 24), m);
      h = Math.imul(h, m) ^ k;
    }
    const rest = [...bytes.subarray(at)];
    if (rest.length > 0) h = Math.imul(h ^ rest.reduce((sum, byte, i) => sum | (byte << (8 * i)), 0), m);
    h = Math.imul(h ^ (h >>> 13), m);
    return h ^ (h >>> 15);
  };

  it('hashes the UTF-8 of any text of any length', () => {
    const texts = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.nat(3_000).map((length) => 'k'.repeat(length)),
      fc.nat(1_100).map((length) => `${'k'.repeat(length)}é`),
    );
    fc.assert(fc.property(texts, (text) => murmur2(text) === plain(new TextEncoder().encode(text))));
  });
});

describe('partitionOf', () => {
  it('is in range for every key, also where the hash is negative', () => {
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: 100 }), (key, partitions) => {
        const partition = partitionOf(key, partitions);
        return Number.isInteger(partition) && partition >= 0 && partition < partitions;
      }),
    );
    expect(partitionOf('foobar', 12)).toBe((-790332482 & 0x7fffffff) % 12);
  });

  it('spreads ids evenly', () => {
    const counts = new Array<number>(12).fill(0);
    for (let i = 0; i < 12_000; i++) {
      const partition = partitionOf(`default/0198c0de-7a5e-7c31-9d2b-${String(i).padStart(12, '0')}`, 12);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    for (const count of counts) expect(Math.abs(count - 1_000)).toBeLessThan(150);
  });
});
