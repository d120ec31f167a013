import { describe, expect, it } from 'vitest';
import { ArtifactDamaged, type ArtifactStore, ArtifactTooLarge } from '../ports.ts';

export interface ArtifactStoreUnderTest {
  readonly store: ArtifactStore;
  /** Reads a local path. Absent where the store has no files. */
  readPath?(path: string): Promise<Uint8Array>;
  /** How many artifacts, whole or in part, the store holds. */
  count?(): Promise<number>;
  /** Changes the last byte of what is stored, behind the store's back. Absent where nobody else could. */
  damage?(sha256: string): Promise<void>;
  close?(): Promise<void>;
}

const text = (content: string): Uint8Array => new TextEncoder().encode(content);
async function* chunksOf(...chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
const collect = async (source: AsyncIterable<Uint8Array> | undefined): Promise<number[] | undefined> => {
  if (!source) return undefined;
  const bytes: number[] = [];
  for await (const chunk of source) bytes.push(...chunk);
  return bytes;
};

const abc = {
  sha256: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  bytes: 3,
} as const;
const nothing = { sha256: 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855', bytes: 0 } as const;
const unknown = '0'.repeat(64);
const bytesMax = 1_000;

/** Every adapter of `ArtifactStore` keeps these promises. `open` makes an empty store. */
export const artifactStoreContract = (name: string, open: () => Promise<ArtifactStoreUnderTest>): void => {
  const using = (test: (under: ArtifactStoreUnderTest) => Promise<void>) => async () => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.close?.();
    }
  };

  describe(`artifact store: ${name}`, () => {
    it(
      'gives back what was put, by its digest',
      using(async ({ store }) => {
        expect(await store.put(chunksOf(text('a'), text('bc')), bytesMax)).toEqual(abc);
        expect(await collect(await store.get(abc.sha256))).toEqual([...text('abc')]);
        expect(await store.has(abc.sha256)).toBe(true);
        expect(await store.put(chunksOf(), bytesMax)).toEqual(nothing);
        expect(await collect(await store.get(nothing.sha256))).toEqual([]);
      }),
    );

    it(
      'knows nothing of other digests, nor of what is no digest',
      using(async ({ store }) => {
        await store.put(chunksOf(text('abc')), bytesMax);
        for (const sha256 of [unknown, '', '..', '../secret', abc.sha256.toUpperCase(), `${abc.sha256}/`]) {
          expect(await store.get(sha256)).toBeUndefined();
          expect(await store.localPath(sha256)).toBeUndefined();
          expect(await store.has(sha256)).toBe(false);
        }
      }),
    );

    it(
      'keeps the same content once, also when it is put twice at a time',
      using(async ({ store, count }) => {
        const both = await Promise.all([
          store.put(chunksOf(text('abc')), bytesMax),
          store.put(chunksOf(text('ab'), text('c')), bytesMax),
        ]);
        expect(both).toEqual([abc, abc]);
        expect(await store.put(chunksOf(text('abc')), bytesMax)).toEqual(abc);
        if (count) expect(await count()).toBe(1);
        expect(await collect(await store.get(abc.sha256))).toEqual([...text('abc')]);
      }),
    );

    it(
      'refuses what is larger than the bound, and leaves nothing behind',
      using(async ({ store, count }) => {
        expect(await store.put(chunksOf(text('abc')), 3)).toEqual(abc);
        const tooLarge = store.put(chunksOf(text('ab'), text('cd')), 3);
        await expect(tooLarge).rejects.toBeInstanceOf(ArtifactTooLarge);
        await expect(tooLarge).rejects.toMatchObject({ bytesMax: 3 });
        if (count) expect(await count()).toBe(1);
      }),
    );

    it(
      'leaves nothing behind when the source breaks off',
      using(async ({ store, count }) => {
        async function* broken(): AsyncGenerator<Uint8Array> {
          yield text('ab');
          throw new Error('The client went away.');
        }
        await expect(store.put(broken(), bytesMax)).rejects.toThrow('The client went away.');
        if (count) expect(await count()).toBe(0);
      }),
    );

    it(
      'gives nothing damaged to its end, and has it no more until it is put again',
      using(async ({ store, damage }) => {
        if (!damage) return;
        const large = new Uint8Array(3_000_000).fill(7);
        const { sha256, bytes } = await store.put(chunksOf(large), large.length);
        await damage(sha256);
        let read = 0;
        const reading = async () => {
          for await (const chunk of (await store.get(sha256)) ?? []) read += chunk.length;
        };
        await expect(reading()).rejects.toBeInstanceOf(ArtifactDamaged);
        expect(read).toBeLessThan(bytes);
        expect(await store.has(sha256)).toBe(false);
        expect(await store.get(sha256)).toBeUndefined();
        expect(await store.localPath(sha256)).toBeUndefined();
        await store.put(chunksOf(large), large.length);
        await reading();
        expect(read).toBeGreaterThanOrEqual(bytes);
      }),
    );

    it(
      'has a local copy of each artifact, if it has files',
      using(async ({ store, readPath }) => {
        await store.put(chunksOf(text('abc')), bytesMax);
        const path = await store.localPath(abc.sha256);
        if (!readPath) expect(path).toBeUndefined();
        else expect([...(await readPath(path ?? ''))]).toEqual([...text('abc')]);
      }),
    );
  });
};
