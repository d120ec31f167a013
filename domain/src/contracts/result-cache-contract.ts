import { describe, expect, it } from 'vitest';
import type { ResultCache } from '../ports.ts';
import { endedDoc } from './sample-documents.ts';

export interface ResultCacheLimits {
  /** The cache under test holds no more than this many small documents. */
  readonly entriesMax: number;
  readonly bytesMax: number;
}

/** Every adapter of `ResultCache` keeps these promises. `open` makes an empty cache of the given limits. */
export const resultCacheContract = (
  name: string,
  open: (limits: ResultCacheLimits) => Promise<{ cache: ResultCache; stop?(): Promise<void> }>,
  /** A shared server evicts by its own rules: its limits are not this adapter's. */
  { evicts = true }: { evicts?: boolean } = {},
): void => {
  const using = async (test: (cache: ResultCache) => Promise<void>, limits: Partial<ResultCacheLimits> = {}) => {
    const { cache, stop } = await open({ entriesMax: 100, bytesMax: 10_000_000, ...limits });
    try {
      await test(cache);
    } finally {
      await stop?.();
    }
  };

  describe(`result cache: ${name}`, () => {
    it('gives back the whole document that was put, and nothing for other keys', () =>
      using(async (cache) => {
        const doc = endedDoc('a', 5);
        await cache.put([doc, endedDoc('b', 7)]);
        expect(await cache.get('t/a')).toEqual(doc);
        expect(await cache.get('t/c')).toBeUndefined();
      }));

    it('gives back the newest of two documents of one key', () =>
      using(async (cache) => {
        await cache.put([endedDoc('a', 5, 'old')]);
        await cache.put([endedDoc('a', 9, 'new')]);
        expect((await cache.get('t/a'))?.pos).toBe(9);
      }));

    it('forgets what was dropped', () =>
      using(async (cache) => {
        await cache.put([endedDoc('a', 5), endedDoc('b', 7)]);
        await cache.drop(['t/a', 't/unknown']);
        expect(await cache.get('t/a')).toBeUndefined();
        expect(await cache.get('t/b')).toBeDefined();
      }));

    it.runIf(evicts)('holds at most so many documents: the least recently used go first', () =>
      using(
        async (cache) => {
          await cache.put([endedDoc('a', 3), endedDoc('b', 5)]);
          await cache.get('t/a');
          await cache.put([endedDoc('c', 7)]);
          expect(await cache.get('t/b')).toBeUndefined();
          expect(await cache.get('t/a')).toBeDefined();
          expect(await cache.get('t/c')).toBeDefined();
        },
        { entriesMax: 2 },
      ),
    );

    it.runIf(evicts)('holds at most so many bytes, and never a document that exceeds them alone', () =>
      using(
        async (cache) => {
          const large = 'x'.repeat(20_000);
          await cache.put([endedDoc('a', 3, large), endedDoc('b', 5, large), endedDoc('c', 7, large)]);
          expect(await cache.get('t/a')).toBeUndefined();
          expect(await cache.get('t/c')).toBeDefined();
          await cache.put([endedDoc('d', 9, 'x'.repeat(200_000))]);
          expect(await cache.get('t/d')).toBeUndefined();
          expect(await cache.get('t/c')).toBeDefined();
        },
        { bytesMax: 100_000 },
      ),
    );
  });
};
