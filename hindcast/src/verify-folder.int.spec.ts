import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join, relative } from 'node:path';
import { openSqliteLogReader } from '@hindcast/adapters/sqlite';
import type { VerificationReport } from '@hindcast/domain';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { defaultConfig } from './index.ts';
import { startHindcast } from './start-hindcast.ts';
import { cli } from './testing/run-cli.ts';

const predictions = 300;
const data = mkdtempSync(join(tmpdir(), 'hindcast-verify-folder-'));
const artifacts = join(data, 'artifacts');
afterAll(() => rmSync(data, { recursive: true }));

const verify = (...args: readonly string[]) =>
  cli(['verify', ...args], { openLog: async (folder) => openSqliteLogReader(folder) });
/** All that does not tell of the time it took. */
const reportOf = (out: string) => {
  const { timings: _, ...report } = (JSON.parse(out) as { report: VerificationReport }).report;
  return report;
};

let served: ReturnType<typeof reportOf>;
let besideServer: ReturnType<typeof reportOf>;
beforeAll(async () => {
  const server = await startHindcast({ ...defaultConfig, port: 0, data }, pino({ level: 'silent' }));
  const input = {
    monthly_charges: 80,
    support_calls: 4,
    late_payments: 1,
    usage_hours: 10,
    plan: 'pro',
    region: 'east',
  };
  const items = Array.from({ length: predictions }, (_, at) => ({ input: { ...input, tenure_months: at % 60 } }));
  const submitted = await fetch(`${server.url}/v1/predictions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: 'churn', items }),
  });
  const body = (await submitted.json()) as { readonly items: readonly { readonly id: string }[] };
  for (const { id } of body.items)
    await fetch(`${server.url}/v1/predictions/${id}`, { headers: { prefer: 'wait=30' } });
  served = reportOf((await verify('--json', '--url', server.url)).out);
  besideServer = reportOf((await verify('--json', '--data', data)).out);
  await server.stop();
});

describe('hindcast verify --data', () => {
  it('says what a running server says, while it runs and when it does not', async () => {
    expect(served).toMatchObject({ verified: predictions, exact: predictions });
    expect(besideServer).toEqual(served);
    const { code, out } = await verify('--json', '--data', data);
    expect(code).toBe(0);
    expect(reportOf(out)).toEqual(served);
    expect((await verify('--data', data)).out).toMatch(/^churn@1 +onnxruntime-node.* 300 +0 +0 +0 +0$/m);
  });

  it('takes the same wishes', async () => {
    const half = await verify('--json', '--data', data, '--model', 'churn@1', '--sample', '50%');
    const { verified, exact } = reportOf(half.out);
    expect([verified < predictions * 0.7, verified > predictions * 0.3, exact]).toEqual([true, true, verified]);
    const slow = await verify('--data', data, '--rate', '100');
    expect(slow.out).toMatch(/waiting so as to keep to the rate \(--rate\)\./);
    const fast = await verify('--json', '--data', data);
    expect(JSON.parse(fast.out)).toMatchObject({ report: { timings: { pausedMs: 0 } } });
    const none = await verify('--json', '--data', data, '--until', '2020-01-01T00:00:00Z');
    expect(reportOf(none.out).verified).toBe(0);
    const unknown = { code: 3, err: 'No model is named chrun. Did you mean churn?\n' };
    expect(await verify('--data', data, '--model', 'chrun')).toMatchObject(unknown);
    const version = { code: 3, err: 'churn has only the version 1.\n' };
    expect(await verify('--data', data, '--model', 'churn@9')).toMatchObject(version);
    expect((await verify('--data', data, '--to', '0:0:99999999')).code).toBe(1);
    expect(await verify('--data', data, '--to', '0:0:1,0:1:1')).toMatchObject({
      code: 1,
      err: expect.stringContaining('of partitions 2, 3: name one of every partition'),
    });
    expect((await verify('--data', data, '--no-wait')).code).toBe(2);
    expect((await verify('--data', join(data, 'nowhere'))).code).toBe(1);
  });

  it.each([
    ['replay', '--model', 'chrun'],
    ['datasets', 'create', 'chrun', '--out', `${data}-set`],
  ])('refuses a model that the folder does not know, like %s %s', async (...args) => {
    const openLog = async (folder: string) => openSqliteLogReader(folder);
    const { code, err } = await cli([...args, '--data', data], { openLog });
    expect([code, err]).toEqual([3, expect.stringContaining('No model is named chrun. Did you mean churn?')]);
  });

  it('cuts a set into the folder of an older one, of which nothing is left', async () => {
    const openLog = async (folder: string) => openSqliteLogReader(folder);
    const out = join(data, '..', `${basename(data)}-set`);
    const cut = (...args: readonly string[]) =>
      cli(['datasets', 'create', 'churn', '--data', data, '--out', out, '--unlabelled', 'keep', ...args], { openLog });
    try {
      expect((await cut('--split', 'train=0.5,test=0.5')).code).toBe(0);
      expect(readdirSync(out).sort()).toEqual(['manifest.json', 'test', 'train']);
      expect((await cut()).code).toBe(0);
      expect(readdirSync(out).sort()).toEqual(['all', 'manifest.json']);
    } finally {
      rmSync(out, { recursive: true });
    }
  });

  it('takes a folder that is named from here', async () => {
    const { code, out } = await verify('--json', '--data', relative(process.cwd(), data));
    expect([code, reportOf(out)]).toEqual([0, served]);
  });

  it('leaves the folder as it is, what an interrupted upload has left there included', async () => {
    const leftOver = join(artifacts, '.incoming-old');
    writeFileSync(leftOver, '');
    utimesSync(leftOver, 0, 0);
    const content = () => readdirSync(data, { recursive: true }).sort();
    const digest = () =>
      createHash('sha256')
        .update(readFileSync(join(data, 'log.db')))
        .digest('hex');
    const before = [content(), digest()];
    await verify('--data', data);
    expect([content(), digest()]).toEqual(before);
    rmSync(leftOver);
  });

  it('fails where an answer would be another one', async () => {
    const { groups } = served;
    const file = join(artifacts, groups[0]?.sha256 ?? '');
    const bytes = readFileSync(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    rmSync(file);
    writeFileSync(file, bytes);
    const { code, out, err } = await verify('--json', '--data', data);
    expect(code).toBe(1);
    expect(reportOf(out)).toMatchObject({ mismatch: predictions, reasons: { model_changed: predictions } });
    expect(err).toContain('Not every answer would be given again.');
  });

  it('fails where nothing could be run', async () => {
    for (const { sha256 } of served.groups) rmSync(join(artifacts, sha256));
    const { code, out, err } = await verify('--json', '--data', data);
    expect([code, reportOf(out).not_verified]).toEqual([1, predictions]);
    expect(err).toContain('Nothing was verified');
  });
});

describe('a folder with history of a model that was never registered', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-verify-imported-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('can be asked about it', async () => {
    const server = await startHindcast({ ...defaultConfig, port: 0, data: folder }, pino({ level: 'silent' }));
    const row = {
      model: 'bigone',
      modelVersion: 1,
      input: { x: 1 },
      output: { y: 1 },
      eventTime: '2025-01-01T00:00:00Z',
    };
    const imported = await fetch(`${server.url}/v1/imports?source=legacy`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: JSON.stringify(row),
    });
    expect(await imported.text()).toContain('"imported"');
    await server.stop();
    const { code, out } = await verify('--json', '--data', folder, '--model', 'bigone');
    expect([code, reportOf(out)]).toEqual([0, expect.objectContaining({ verified: 1, reasons: { imported: 1 } })]);
  });
});
