import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { cp, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { TOPICS } from '@hindcast/domain';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientOf } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { type LogFileToDamage, openLogFileToDamage } from './damage-log-file.ts';
import { type Ended, runProgram as run } from './run-program.ts';
import { startServerProcess } from './server-process.ts';

const launcher = join(createRequire(import.meta.url).resolve('hindcast'), '../../bin/hindcast.js');
const verifier = fileURLToPath(new URL('../../clients/verifier/verify.mjs', import.meta.url));
const topic = TOPICS.predictions;
type Damage = (file: LogFileToDamage) => void;

/** Two verifiers that share no code look at the same damaged copies of a folder. */
describe('a log that somebody has changed on the disk', () => {
  let folder = '';
  let key = '';
  let id = '';
  const inFolder = (name: string) => join(folder, name);

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-audit-'));
    const server = await startServerProcess(inFolder('data'));
    const client = clientOf(server.url);
    const items = Array.from({ length: 60 }, () => ({ input: churnInput }));
    for (let turn = 0; turn < 3; turn++) {
      const { body } = await client.submit({ model: 'churn', items });
      const ids = (body['items'] as { id: string }[]).map((item) => item.id);
      for (const one of ids) await client.ended(one);
      id = ids[7] ?? '';
      if (turn > 0) continue;
      // Waits until that much is signed.
      await run(launcher, 'audit', 'prove', id, '--url', server.url, '--out', inFolder('proof.json'));
      await run(launcher, 'audit', 'checkpoint', '--url', server.url, '--out', inFolder('early.txt'));
    }
    expect((await run(launcher, 'audit', 'prove', id, '--url', server.url, '--out', inFolder('proof.json'))).code).toBe(
      0,
    );
    expect((await run(launcher, 'audit', 'verify', '--url', server.url)).code).toBe(0);
    const given = ['--checkpoints', inFolder('early.txt'), '--url', server.url];
    expect(await run(launcher, 'audit', 'consistency', ...given, '--out', inFolder('consistency.json'))).toMatchObject({
      code: 0,
      said: expect.stringMatching(/(\d+) of \1 checkpoints are the beginning/),
    });
    expect(await server.terminate()).toBe(0);
    key = (await run(launcher, 'audit', 'key', '--data', inFolder('data'))).said.trim();
    await run(launcher, 'audit', 'checkpoint', '--data', inFolder('data'), '--out', inFolder('checkpoints.txt'));
  }, 120_000);
  afterAll(() => rm(folder, { recursive: true, force: true }));

  /** Both verdicts on a copy that was damaged. */
  const judged = async (damage: Damage, damageAudit?: Damage, kept = 'checkpoints.txt') => {
    const copy = await mkdtemp(inFolder('copy-'));
    await cp(inFolder('data'), copy, { recursive: true });
    for (const [of, change] of [
      [topic, damage],
      [TOPICS.audit, damageAudit],
    ] as const) {
      const file = openLogFileToDamage(copy, of);
      change?.(file);
      file.close();
    }
    const given = ['--key', key, '--checkpoints', inFolder(kept)];
    const ours = await run(launcher, 'audit', 'verify', '--data', copy, ...given);
    const out = join(copy, 'log.ndjson');
    const exported = await run(launcher, 'audit', 'export', '--data', copy, '--out', out);
    const theirs = exported.code === 0 ? await run(verifier, 'log', out, ...given) : exported;
    return { ours, theirs };
  };
  const summaryOf = ({ said }: Ended) => /^.* checkpoints say\..*\n/m.exec(said)?.[0];
  /** A row of a partition with several records, not the last one. */
  const target = (file: LogFileToDamage) => {
    for (const partition of [0, 1, 2, 3]) {
      const rows = file.rowsOf(partition);
      const row = rows.slice(0, -1).find(({ count }) => count >= 4);
      if (row) return { partition, row, offset: row.first + 1 };
    }
    throw new Error('no partition has a row with some records');
  };

  it('is found whole while nobody has', async () => {
    const { ours, theirs } = await judged(() => {});
    expect(ours).toMatchObject({
      code: 0,
      said: expect.stringMatching(/\d+ records in \d+ partitions are as \d+ checkpoints say/),
    });
    expect(theirs).toEqual({ code: 0, said: summaryOf(ours) });
    expect(theirs.said).toMatch(/^\d+ records in \d+ partitions are as \d+ checkpoints say\.\n$/);
  });

  it('is told how much of it nobody has signed', async () => {
    const longer = await judged((file) => {
      const [last] = file.rowsOf(0).slice(-1);
      if (last) file.rewrite(0, last, (records) => [...records, ...records.slice(-1)]);
    });
    expect(longer.ours.code).toBe(0);
    expect(longer.theirs).toEqual({ code: 0, said: summaryOf(longer.ours) });
    expect(longer.theirs.said).toMatch(/ say\. 1 are not signed for yet\.\n$/);

    const notes = (await readFile(inFolder('checkpoints.txt'), 'utf8')).split(/\n\n(?!\u2014)/u);
    await writeFile(inFolder('one.txt'), `${notes.find((note) => note.includes(TOPICS.models))?.trim()}\n`);
    const unsigned = (file: LogFileToDamage) => file.rowsOf(0).slice(1, 2).forEach(file.truncate);
    const { ours, theirs } = await judged(() => {}, unsigned, 'one.txt');
    const [summary, places] = theirs.said.split(', among them all of ');
    expect([ours.code, theirs.code, `${summary}.\n`]).toEqual([0, 0, summaryOf(ours)]);
    expect(summary).toMatch(/ in 1 partitions are as 1 checkpoints say\. \d+ are not signed for yet$/);
    expect(places).toContain([0, 1, 2, 3].map((partition) => `${topic}/${partition}`).join(', '));
    expect(places).not.toContain(TOPICS.models);
  });

  it.each<[string, string, (file: LogFileToDamage, at: ReturnType<typeof target>) => void]>([
    ['a flipped bit', 'is not the one that was signed', (file, { row }) => file.flip(row, 1)],
    [
      'a record that was taken out',
      'is gone',
      (file, { partition, row }) => file.rewrite(partition, row, (records) => records.toSpliced(1, 1)),
    ],
    [
      'a record that was put in',
      'was put in',
      (file, { partition, row }) =>
        file.rewrite(partition, row, (records) => records.toSpliced(1, 0, ...records.slice(2, 3))),
    ],
    [
      'two that changed places',
      'have changed places',
      (file, { partition, row }) =>
        file.rewrite(partition, row, ([a, b, c, ...rest]) => [a, c, b, ...rest].flatMap((one) => one ?? [])),
    ],
  ])('is found by %s, with partition and offset', async (_, said, damage) => {
    let at: ReturnType<typeof target> | undefined;
    const { ours, theirs } = await judged((file) => {
      at = target(file);
      damage(file, at);
    });
    expect(ours.code).toBe(1);
    expect(ours.said).toMatch(new RegExp(`${topic}, partition ${at?.partition}: .*offsets? ${at?.offset}\\b.*${said}`));
    expect(theirs.code).toBe(1);
    expect(theirs.said).toContain(
      `${topic}/${at?.partition}: the first record that is not as it was signed is at offset ${at?.offset}`,
    );
  });

  it('is found by what cannot be read any more: the log itself tells the place', async () => {
    let at: ReturnType<typeof target> | undefined;
    for (const damage of [
      (file: LogFileToDamage) => {
        at = target(file);
        file.deleteRow(at.row);
      },
      (file: LogFileToDamage) => {
        at = target(file);
        file.overwrite(at.row, at.row.body.subarray(0, 30));
      },
    ]) {
      const { ours, theirs } = await judged(damage);
      expect(ours.code).toBe(1);
      expect(ours.said).toMatch(
        new RegExp(`${topic}, partition ${at?.partition}: offset ${at?.row.first} cannot be read`),
      );
      expect(theirs.code).toBe(1);
      expect(theirs.said).toContain(`damaged at offset ${at?.row.first}`);
    }
  });

  it('is found by its end that is gone, even where its checkpoints are gone too', async () => {
    const cut = (file: LogFileToDamage) => {
      const [row] = file.rowsOf(0).slice(-2);
      if (row) file.truncate(row);
    };
    for (const cutAudit of [undefined, cut]) {
      const { ours, theirs } = await judged(cut, cutAudit);
      expect(ours).toMatchObject({
        code: 1,
        said: expect.stringMatching(/the log ends at offset \d+, and \d+ records were signed/),
      });
      expect(theirs).toMatchObject({
        code: 1,
        said: expect.stringMatching(/the export ends at offset \d+, and \d+ records were signed/),
      });
    }
  });

  it('is told at the next start, which vouches for the changed partition no more', async () => {
    const copy = await mkdtemp(inFolder('copy-'));
    await cp(inFolder('data'), copy, { recursive: true });
    const file = openLogFileToDamage(copy, topic);
    const [last] = file.rowsOf(1).slice(-1);
    if (last) file.flip(last, 0);
    file.close();
    const server = await startServerProcess(copy);
    try {
      expect(server.output()).toContain('The log was changed');
      const { body } = await clientOf(server.url).request('GET', '/readyz?verbose');
      const given = ['--checkpoints', inFolder('early.txt'), '--key', key, '--url', server.url];
      expect(await run(launcher, 'audit', 'consistency', ...given)).toMatchObject({
        code: 1,
        said: expect.stringContaining(`${topic}, partition 1: its records are not those that were signed`),
      });
      expect(body).toMatchObject({ status: 'degraded', checks: { audit: { status: 'down', required: false } } });
    } finally {
      await server.kill();
    }
  });

  it('is verified from where a run was killed', async () => {
    const server = await startServerProcess(inFolder('data'));
    const read: string[] = [];
    let hangs = true;
    const between = createServer(async ({ url = '' }, response) => {
      if (url.includes('topic=predictions&partition=2') && hangs) return;
      if (url.includes('topic=predictions')) read.push(url);
      const answer = await fetch(`${server.url}${url}`);
      response.writeHead(answer.status, { 'content-type': answer.headers.get('content-type') ?? '' });
      response.end(await answer.text());
    }).listen(0, '127.0.0.1');
    await once(between, 'listening');
    const url = `http://127.0.0.1:${(between.address() as AddressInfo).port}`;
    const state = inFolder('verified.json');
    await rm(state, { force: true });
    try {
      const given = ['audit', 'verify', '--url', url, '--key', key, '--state', state];
      const killed = spawn(process.execPath, [launcher, ...given], { stdio: 'ignore' });
      const proven = async () => (existsSync(state) ? JSON.parse(await readFile(state, 'utf8')).partitions.length : 0);
      await expect.poll(proven, { timeout: 30_000 }).toBe(2);
      killed.kill('SIGKILL');
      await once(killed, 'exit');
      hangs = false;
      read.length = 0;
      const { code, said } = await run(launcher, ...given);
      expect({ code, said }).toMatchObject({ code: 0, said: expect.stringContaining('were read by an earlier run') });
      // What came behind the last checkpoint of the first two, and the others from their beginning.
      expect(read.map((path) => Number(/from=(\d+)/.exec(path)?.[1]) > 0)).toEqual(
        read.map((path) => /partition=[01]&/.test(path)),
      );
      expect(read.filter((path) => /partition=[23]&/.test(path))).toHaveLength(2);
    } finally {
      between.closeAllConnections();
      between.close();
      await server.kill();
    }
  });

  it('leaves proofs that newer checkpoints begin with older ones, and none that was changed', async () => {
    const proofs = await readFile(inFolder('consistency.json'), 'utf8');
    const judge = async (text: string, notes: string) => {
      await writeFile(inFolder('changed.json'), text);
      const given = ['--key', key, '--checkpoints', inFolder(notes)];
      return run(verifier, 'consistency', inFolder('changed.json'), ...given);
    };
    expect(await judge(proofs, 'early.txt')).toMatchObject({ code: 0 });
    const all = JSON.parse(proofs) as { path: string[]; size: number; oldSize: number }[];
    const grown = all.findIndex(({ path }) => path.length > 0);
    expect(grown).toBeGreaterThanOrEqual(0);
    const without = (change: (proof: (typeof all)[number]) => object) =>
      JSON.stringify(all.map((proof, at) => (at === grown ? { ...proof, ...change(proof) } : proof)));
    for (const changed of [
      without(({ path }) => ({ path: path.slice(1) })),
      without(({ path }) => ({ path: path.with(-1, path[0] === path.at(-1) ? '' : (path[0] ?? '')) })),
      without(({ oldSize }) => ({ oldSize: oldSize - 1 })),
      JSON.stringify(all.toSpliced(grown, 1)),
    ]) {
      expect(await judge(changed, 'early.txt')).toMatchObject({ code: 1, said: expect.stringContaining('no proof') });
    }
    expect(await judge(proofs, 'checkpoints.txt')).toMatchObject({ code: 1 });
  });

  it('leaves a proof that holds without it, and none that was changed', async () => {
    expect(await run(verifier, 'proof', inFolder('proof.json'), '--key', key)).toMatchObject({ code: 0 });
    const proof = await readFile(inFolder('proof.json'), 'utf8');
    const { events } = JSON.parse(proof) as { events: { leaf: string; path: string[]; index: number }[] };
    const [first] = events;
    const leaf = first?.leaf ?? '';
    const middle = Math.floor(leaf.length / 2);
    const other = `${leaf.slice(0, middle)}${leaf[middle] === 'A' ? 'B' : 'A'}${leaf.slice(middle + 1)}`;
    for (const changed of [
      proof.replace(leaf, other),
      proof.replace(first?.path[0] ?? '', first?.path[1] ?? ''),
      proof.replace(`"index":${first?.index}`, `"index":${(first?.index ?? 0) + 1}`),
      proof.replace('PredictionRequested', 'PredictionCanceled'),
      proof.replaceAll(id, `${id.slice(0, -1)}${id.endsWith('0') ? '1' : '0'}`),
    ]) {
      expect(changed).not.toBe(proof);
      await writeFile(inFolder('changed.json'), changed);
      expect(await run(verifier, 'proof', inFolder('changed.json'), '--key', key)).toMatchObject({ code: 1 });
    }
  });
});
