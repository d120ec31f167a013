import { type FileHandle, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { openFolderArtifactStore } from './artifact-store.ts';
import { keepJson } from './kept-json.ts';

afterEach(() => {
  vi.restoreAllMocks();
});

const failFolderSyncs = async (folder: string): Promise<void> => {
  const handle = await open(folder);
  const handles = Object.getPrototypeOf(handle) as FileHandle;
  const { sync } = handles;
  vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
    if ((await this.stat()).isDirectory()) throw new Error('The disk is gone.');
    return sync.call(this);
  });
  await handle.close();
};

async function* content(): AsyncGenerator<Uint8Array> {
  yield Uint8Array.of(1);
}

it.skipIf(process.platform === 'win32').each<[string, (folder: string) => Promise<unknown>]>([
  ['an artifact', async (folder) => (await openFolderArtifactStore(folder)).put(content(), 1)],
  ['what is kept', (folder) => keepJson(join(folder, 'kept.json'), {})],
])('does not say that %s is there while its name may be lost', async (_, put) => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-sync-'));
  await put(folder);
  await failFolderSyncs(folder);
  await expect(put(folder)).rejects.toThrow('The disk is gone.');
  await rm(folder, { recursive: true });
});
