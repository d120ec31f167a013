import { spawn } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { claimDatasetWork } from './claim-dataset-work.ts';
import { sweepDatasetWork } from './dataset-work.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hindcast-claims-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const id = 'a'.repeat(64);
const noJobs = { open: () => [], catchUp: async () => {} };

/** Claims the set in a process of its own, which puts something aside and says which work it was given. */
const claimElsewhere = async () => {
  const module = fileURLToPath(new URL('../../dist/parts/claim-dataset-work.js', import.meta.url));
  const code = `const { claimDatasetWork } = await import(${JSON.stringify(module)});
    console.log((await claimDatasetWork(${JSON.stringify(folder)})(${JSON.stringify(id)})).work);
    setInterval(() => {}, 1_000);`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', code], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  const [said] = (await child.stdout.take(1).toArray()) as [Buffer];
  return { work: String(said).trim(), kill: () => child.kill('SIGKILL') && ended };
};

it('gives an attempt a folder of its own while another process is at the set, and what it had when it is gone', async () => {
  const other = await claimElsewhere();
  try {
    expect(other.work).toBe(id);
    const mine = await claimDatasetWork(folder)(id);
    expect(mine.work).toBe(`${id}-2`);
    const third = await claimDatasetWork(folder)(id);
    expect(third.work).toBe(`${id}-3`);
    for (const { work } of [other, mine, third]) mkdirSync(join(folder, work));
    expect(await sweepDatasetWork(folder, noJobs)).toEqual([]);
    await mine.end(false);
    await third.end(true);
    expect(readdirSync(folder).sort()).toEqual([id, `${id}-3`, `${id}-3.lock`, `${id}.lock`]);
  } finally {
    await other.kill();
  }
  writeFileSync(join(folder, id, 'put aside'), '');
  const next = await claimDatasetWork(folder)(id);
  expect([next.work, existsSync(join(folder, id, 'put aside'))]).toEqual([id, true]);
  await next.end(true);
  expect((await sweepDatasetWork(folder, noJobs)).toSorted()).toEqual([id, `${id}-3`]);
  expect(readdirSync(folder)).toEqual([]);
});

it('refuses what would be too many at once', async () => {
  const claim = claimDatasetWork(folder);
  const claims = await Promise.all(Array.from({ length: 8 }, () => claim(id)));
  expect(new Set(claims.map(({ work }) => work)).size).toBe(8);
  await expect(claim(id)).rejects.toMatchObject({ code: 'too_many_attempts' });
  for (const { end } of claims) await end(false);
});
