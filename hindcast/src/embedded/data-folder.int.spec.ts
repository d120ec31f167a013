import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { makeDataFolder } from './data-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'data-folder-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

describe('the data folder', () => {
  it('is made with all that leads to it, and made only once', async () => {
    const path = join(parent, 'a', 'b');
    await Promise.all([makeDataFolder(path), makeDataFolder(path)]);
    expect(existsSync(path)).toBe(true);
    await makeDataFolder(path);
  });

  it('is refused where a file is in the way', async () => {
    const file = join(parent, 'file');
    writeFileSync(file, '');
    await expect(makeDataFolder(file)).rejects.toMatchObject({ code: 'EEXIST', path: file });
    await expect(makeDataFolder(join(file, 'data'))).rejects.toMatchObject({ code: 'EEXIST', path: file });
  });

  it.runIf(process.platform === 'linux')('is refused, not tried for ever, where no folder can be made', async () => {
    await expect(makeDataFolder('/proc/hindcast/data')).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
