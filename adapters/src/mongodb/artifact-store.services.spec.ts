import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArtifactDamaged } from '@hindcast/domain';
import { artifactStoreContract } from '@hindcast/domain/contracts';
import { Binary, type Db, ObjectId } from 'mongodb';
import { describe, expect, inject, it } from 'vitest';
import { openGridFsArtifactStore } from './artifact-store.ts';
import { createMongoClient } from './mongo-client.ts';

const { mongodb } = inject('services');
const hourMs = 3_600_000;

const open = async () => {
  const client = createMongoClient(mongodb ?? '');
  const db = client.db(`artifacts_${randomUUID()}`);
  const folders: string[] = [];
  const newFolder = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hindcast-copies-'));
    folders.push(folder);
    return folder;
  };
  return {
    db,
    newFolder,
    async close() {
      await db.dropDatabase();
      await client.close();
      for (const folder of folders) await rm(folder, { recursive: true });
    },
  };
};
const using = async (test: (under: Awaited<ReturnType<typeof open>>) => Promise<void>) => {
  const under = await open();
  try {
    await test(under);
  } finally {
    await under.close();
  }
};

/** Artifacts, whole or in part, and uploads that are noted. */
const count = async (db: Db): Promise<number> => {
  const ids = new Set<string>();
  for (const chunk of await db.collection('artifacts.chunks').find().toArray()) ids.add(String(chunk['files_id']));
  for (const { _id } of await db.collection('artifacts.files').find().toArray()) ids.add(String(_id));
  for (const { _id } of await db.collection('artifacts.uploads').find().toArray()) ids.add(String(_id));
  return ids.size;
};

const mebibytes = (count: number, seed: number): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => new Uint8Array(1_048_576).fill(i + seed));
async function* sourceOf(chunks: readonly Uint8Array[]): AsyncGenerator<Uint8Array> {
  yield* chunks;
}
const digestOf = (data: Uint8Array): string => createHash('sha256').update(data).digest('hex');

describe.skipIf(!mongodb)('with a document store', () => {
  artifactStoreContract('GridFS', async () => {
    const { db, newFolder, close } = await open();
    const cacheFolder = await newFolder();
    return {
      store: await openGridFsArtifactStore({ db, cacheFolder }),
      damage: async (sha256) => {
        await rm(join(cacheFolder, sha256));
        const file = await db.collection('artifacts.files').findOne({ filename: sha256 });
        const chunks = db.collection<{ data: Binary }>('artifacts.chunks');
        const [last] = await chunks.find({ files_id: file?._id }).sort({ n: -1 }).limit(1).toArray();
        if (!last) throw new Error('It has no content.');
        const data = Buffer.from(last.data.buffer);
        data[data.length - 1] = 0;
        await chunks.updateOne({ _id: last._id }, { $set: { data: new Binary(data) } });
      },
      readPath: (path) => readFile(path),
      count: () => count(db),
      close,
    };
  });

  it('gives another machine the same artifact, by path and as a stream', () =>
    using(async ({ db, newFolder }) => {
      const here = await openGridFsArtifactStore({ db, cacheFolder: await newFolder() });
      const there = await openGridFsArtifactStore({ db, cacheFolder: await newFolder() });
      const { sha256, bytes } = await here.put(sourceOf(mebibytes(5, 1)), 10_000_000);
      const hash = createHash('sha256');
      for await (const chunk of (await there.get(sha256)) ?? []) hash.update(chunk);
      expect(hash.digest('hex')).toBe(sha256);
      const paths = await Promise.all([there.localPath(sha256), there.localPath(sha256)]);
      expect(paths[0]).toBe(paths[1]);
      const copy = await readFile(paths[0] ?? '');
      expect([copy.length, digestOf(copy)]).toEqual([bytes, sha256]);
    }));

  it('makes one artifact of what several machines put at once', () =>
    using(async ({ db, newFolder }) => {
      const stores = await Promise.all(
        Array.from({ length: 4 }, async () => openGridFsArtifactStore({ db, cacheFolder: await newFolder() })),
      );
      await Promise.all(stores.map((store) => store.put(sourceOf(mebibytes(3, 1)), 10_000_000)));
      expect(await count(db)).toBe(1);
      expect(await db.collection('artifacts.chunks').countDocuments()).toBe(4);
    }));

  it('makes its indexes again after somebody has dropped the database', () =>
    using(async ({ db, newFolder }) => {
      const store = await openGridFsArtifactStore({ db, cacheFolder: await newFolder() });
      const indexes = async () =>
        Promise.all(
          ['files', 'chunks', 'uploads'].map(async (name) =>
            (await db.collection(`artifacts.${name}`).indexes()).map((index) => index.name).sort(),
          ),
        );
      await store.put(sourceOf(mebibytes(1, 1)), 10_000_000);
      const needed = [['digest'], ['files_id_1_n_1'], ['age']].map((names) => expect.arrayContaining(names));
      expect(await indexes()).toEqual(needed);
      await db.dropDatabase();
      await store.put(sourceOf(mebibytes(1, 2)), 10_000_000);
      expect(await indexes()).toEqual(needed);
    }));

  it('does not hand out what the store has damaged', () =>
    using(async ({ db, newFolder }) => {
      const here = await openGridFsArtifactStore({ db, cacheFolder: await newFolder() });
      const there = await openGridFsArtifactStore({ db, cacheFolder: await newFolder() });
      const { sha256 } = await here.put(sourceOf([new Uint8Array(100).fill(7)]), 1_000);
      await db.collection('artifacts.chunks').updateOne({}, { $set: { data: Buffer.alloc(100) } });
      await expect(there.localPath(sha256)).rejects.toThrow('has the digest');
      expect(await there.localPath(sha256)).toBeUndefined();
    }));

  it('takes what lacks a part for damaged, and a damaged copy for none', () =>
    using(async ({ db, newFolder }) => {
      const cacheFolder = await newFolder();
      const store = await openGridFsArtifactStore({ db, cacheFolder });
      const { sha256 } = await store.put(sourceOf(mebibytes(2, 7)), 10_000_000);
      const read = async () => {
        let bytes = 0;
        for await (const chunk of (await store.get(sha256)) ?? []) bytes += chunk.length;
        return bytes;
      };
      await writeFile(join(cacheFolder, sha256), 'not this');
      await expect(read()).rejects.toBeInstanceOf(ArtifactDamaged);
      expect(await read()).toBe(2 * 1_048_576);
      await db.collection('artifacts.chunks').deleteOne({ n: 1 });
      await expect(read()).rejects.toBeInstanceOf(ArtifactDamaged);
      expect(await store.has(sha256)).toBe(false);
    }));

  it('hides half an upload, and removes it when its process can no longer be at it', () =>
    using(async ({ db, newFolder }) => {
      const now = Date.now();
      const halves = [new ObjectId(), new ObjectId()];
      for (const [i, _id] of halves.entries()) {
        await db.collection('artifacts.uploads').insertOne({ _id, startedAt: now - i * 2 * hourMs });
        await db.collection('artifacts.chunks').insertOne({ files_id: _id, n: 0, data: Buffer.from('half') });
      }
      const store = await openGridFsArtifactStore({ db, cacheFolder: await newFolder(), now: () => now });
      expect(await store.get(digestOf(Buffer.from('half')))).toBeUndefined();
      const left = await db.collection('artifacts.chunks').find().toArray();
      expect(left.map((chunk) => String(chunk['files_id']))).toEqual([String(halves[0])]);
      expect(await count(db)).toBe(1);
    }));

  it('keeps no more local copies than fit, and brings back one that is gone', () =>
    using(async ({ db, newFolder }) => {
      let time = Date.now();
      const cacheFolder = await newFolder();
      const store = await openGridFsArtifactStore({ db, cacheFolder, cacheBytes: 2_500_000, now: () => time });
      await writeFile(join(cacheFolder, 'of somebody else'), '');
      const digests: string[] = [];
      for (const seed of [1, 2, 3, 4]) {
        digests.push((await store.put(sourceOf(mebibytes(1, seed)), 10_000_000)).sha256);
        time += hourMs;
      }
      const [first = '', , third = '', fourth = ''] = digests;
      expect((await readdir(cacheFolder)).sort()).toEqual(['of somebody else', third, fourth].sort());
      const path = (await store.localPath(first)) ?? '';
      expect((await stat(path)).size).toBe(1_048_576);
      expect((await readdir(cacheFolder)).sort()).toEqual(['of somebody else', first, fourth].sort());
    }));
});
