import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdOutFolder } from './hold-out-folder.ts';
import { placeSet } from './place-set.ts';

let out = '';

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'hindcast-place-'));
});

afterEach(() => rmSync(out, { recursive: true }));

const put = (id: string, names: readonly string[]): Promise<void> =>
  holdOutFolder(out, async (unfinished) => {
    const parts = new Map(names.map((name) => [name, join(unfinished, encodeURIComponent(name))]));
    for (const part of parts.values()) writeFileSync(part, id);
    const manifestPart = join(unfinished, 'manifest.json.part');
    writeFileSync(manifestPart, JSON.stringify({ datasetId: id.repeat(64), files: names.map((name) => ({ name })) }));
    await placeSet(out, unfinished, { names, parts, manifestPart });
  });

const filesIn = (): Readonly<Record<string, string>> =>
  Object.fromEntries(
    readdirSync(out, { recursive: true, withFileTypes: true })
      .filter((one) => one.isFile())
      .map((one) => [one.name, readFileSync(join(one.parentPath, one.name), 'utf8')]),
  );

it('puts a set in the place of another one', async () => {
  await put('a', ['train/1', 'train/2', 'test/1']);
  await put('b', ['train/1', 'late/1']);
  expect(readdirSync(out, { recursive: true }).sort()).toEqual(['late', 'late/1', 'manifest.json', 'train', 'train/1']);
  expect(JSON.parse(filesIn()['manifest.json'] ?? '')).toMatchObject({ datasetId: 'b'.repeat(64) });
});

it('removes what was put in place of a set that was broken off there, whatever set comes next', async () => {
  await put('a', ['train/1']);
  const blocked = join(out, 'train/3');
  mkdirSync(blocked, { recursive: true });
  await expect(put('b', ['train/2', 'train/3', 'train/4'])).rejects.toThrow();
  expect(readdirSync(join(out, 'train')).sort()).toEqual(['2', '3']);
  rmSync(blocked, { recursive: true });
  await put('c', ['train/5']);
  expect(filesIn()).toEqual({ 5: 'c', 'manifest.json': expect.stringContaining('cccc') });
});
