import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { holdOutFolder } from './hold-out-folder.ts';

let out = '';

beforeEach(() => {
  out = mkdtempSync(join(tmpdir(), 'hindcast-out-'));
});

afterEach(() => rmSync(out, { recursive: true }));

it('keeps what is not whole where readers of Parquet do not look, until a set is', async () => {
  const broken = holdOutFolder(out, async (unfinished) => {
    writeFileSync(join(unfinished, 'half'), '');
    throw new Error('broken off');
  });
  await expect(broken).rejects.toThrow('broken off');
  expect(readdirSync(out)).toEqual(['.hindcast-unfinished']);
  const found = await holdOutFolder(out, async (unfinished) => readdirSync(unfinished));
  expect(found).toEqual(['half']);
  expect(readdirSync(out)).toEqual([]);
});

it('leaves nothing of work that failed before it had anything', async () => {
  await expect(holdOutFolder(out, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused');
  expect(readdirSync(out)).toEqual([]);
});

it('leaves the lock of the next one where the folder was made anew', async () => {
  await holdOutFolder(out, async () => {
    rmSync(out, { recursive: true });
    mkdirSync(out);
    writeFileSync(join(out, '.hindcast.lock'), '');
  });
  expect(readdirSync(out)).toEqual(['.hindcast.lock']);
});

it('lets one in at a time', async () => {
  let end = () => {};
  const first = holdOutFolder(out, () => new Promise<void>((resolve) => (end = resolve)));
  await expect.poll(() => readdirSync(out)).toContain('.hindcast-unfinished');
  await expect(holdOutFolder(out, async () => {})).rejects.toThrow('Another process is putting a data set into');
  end();
  await first;
  await holdOutFolder(out, async () => {});
});

it('puts no set among files of others, and goes on among those of one that was broken off', async () => {
  writeFileSync(join(out, '.DS_Store'), '');
  await holdOutFolder(out, async () => {});
  mkdirSync(join(out, 'train'));
  writeFileSync(join(out, 'train', 'part-0.parquet'), '');
  await expect(holdOutFolder(out, async () => {})).rejects.toThrow('other files in it, such as train, and no data set');
  expect(readdirSync(out)).toEqual(['.DS_Store', 'train']);
  mkdirSync(join(out, '.hindcast-unfinished'));
  await holdOutFolder(out, async () => writeFileSync(join(out, 'manifest.json'), `{"datasetId":"${'a'.repeat(64)}"}`));
  writeFileSync(join(out, 'notes.txt'), '');
  await holdOutFolder(out, async () => {});
  expect(readdirSync(out)).toContain('notes.txt');
});

it('says which file is in its way', async () => {
  writeFileSync(join(out, '.hindcast.lock'), 'These are the notes of somebody, and no database at all.');
  await expect(holdOutFolder(out, async () => {})).rejects.toThrow(/\.hindcast\.lock cannot be locked .*move it away/);
  expect(readdirSync(out)).toEqual(['.hindcast.lock']);
});
