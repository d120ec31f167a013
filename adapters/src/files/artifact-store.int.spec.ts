import { mkdtemp, open, readdir, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { artifactStoreContract } from '@hindcast/domain/contracts';
import { expect, it } from 'vitest';
import { openFolderArtifactStore } from './artifact-store.ts';

const newFolder = (): Promise<string> => mkdtemp(join(tmpdir(), 'hindcast-artifacts-'));

artifactStoreContract('folder', async () => {
  const folder = await newFolder();
  return {
    store: await openFolderArtifactStore(folder),
    readPath: (path) => readFile(path),
    count: async () => (await readdir(folder)).length,
    damage: async (sha256) => {
      const handle = await open(join(folder, sha256), 'r+');
      await handle.write(Buffer.from([0]), 0, 1, (await handle.stat()).size - 1);
      await handle.close();
    },
    close: () => rm(folder, { recursive: true }),
  };
});

it('removes what a killed process left, but not what another one is writing', async () => {
  const folder = await newFolder();
  const hourAgo = new Date(Date.now() - 3_600_000);
  await writeFile(join(folder, '.incoming-old'), 'half');
  await writeFile(join(folder, '.incoming-new'), 'half');
  await writeFile(join(folder, 'mine'), 'of somebody else');
  for (const name of ['.incoming-old', 'mine']) await utimes(join(folder, name), hourAgo, hourAgo);
  await openFolderArtifactStore(folder);
  expect((await readdir(folder)).sort()).toEqual(['.incoming-new', 'mine']);
  await rm(folder, { recursive: true });
});

it('finds after a restart what was put before', async () => {
  const folder = await newFolder();
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let i = 0; i < 64; i++) yield new Uint8Array(65_536).fill(i);
  }
  const { sha256, bytes } = await (await openFolderArtifactStore(folder)).put(source(), 10_000_000);
  const path = await (await openFolderArtifactStore(folder)).localPath(sha256);
  expect(bytes).toBe(64 * 65_536);
  expect(path).toBe(join(folder, sha256));
  expect((await readFile(path ?? '')).length).toBe(bytes);
  await rm(folder, { recursive: true });
});
