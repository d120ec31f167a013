import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeEmptyFolder } from './empty-folder.ts';

let parent: string;
beforeEach(() => {
  parent = mkdtempSync(join(tmpdir(), 'empty-folder-'));
});
afterEach(() => rmSync(parent, { recursive: true }));

/** The folder of this process, as if another one had made it. */
const folderOf = (pid: number): string => {
  const own = makeEmptyFolder(parent);
  const path = join(parent, basename(own).replace(`-${process.pid}-`, `-${pid}-`));
  rmSync(own, { recursive: true });
  mkdirSync(path);
  return path;
};
const deadPid = (): number => spawnSync(process.execPath, ['--version']).pid;

it('removes what processes left that are gone, and what this one has not made', () => {
  const dead = [folderOf(deadPid()), folderOf(deadPid())];
  const successor = basename(makeEmptyFolder(parent)).replace(/-\d+-(\w+)$/, '-1-$1');
  mkdirSync(join(parent, successor));
  makeEmptyFolder(parent);
  for (const path of [...dead, join(parent, successor)]) expect(existsSync(path)).toBe(false);
});

it('leaves alone what living processes, other hosts and other programs have', () => {
  const kept = [makeEmptyFolder(parent), folderOf(process.ppid)];
  const full = folderOf(deadPid());
  writeFileSync(join(full, 'file'), '');
  for (const name of ['hindcast-inference-elsewhere.example-1-1-abcdef', 'other']) {
    mkdirSync(join(parent, name));
    kept.push(join(parent, name));
  }
  const made = makeEmptyFolder(parent);
  expect(readdirSync(made)).toEqual([]);
  for (const path of [...kept, full]) expect(existsSync(path)).toBe(true);
});
