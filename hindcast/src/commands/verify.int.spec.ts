import { emptyVerification, type VerificationReport } from '@hindcast/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

const counts = { exact: 0, within_tolerance: 0, decision_flip: 0, mismatch: 0, not_verified: 0 };
const group = {
  model: 'churn',
  version: 2,
  sha256: 'a',
  runtime: 'test/1',
  threads: 1,
  inItsPlace: 0,
  maxDifference: 0,
};
const reportOf = (more: Partial<VerificationReport>): VerificationReport => ({ ...emptyVerification(), ...more });
const job = { id: 'v-1', kind: 'verification', attempts: 1, requestedAt: '2026-01-31T12:00:00.000Z', spec: {} };
const begun = { id: 'v-1', status: 'queued', links: { self: '/v1/verifications/v-1', job: '/v1/jobs/v-1' } };

const answering = (ended: object) =>
  serve(({ method }, response) =>
    method === 'POST' ? send(response, 202, begun) : send(response, 200, { ...job, status: 'succeeded', ...ended }),
  );

describe('hindcast verify', () => {
  it('asks for what it is told, and shows what came of it', async () => {
    const report = reportOf({ verified: 7, exact: 7, groups: [{ ...group, ...counts, exact: 7 }] });
    const { url, asked } = await answering({ report });
    const flags = [
      '--model',
      'churn@2',
      '--to',
      '0:0:9',
      '--sample',
      '1%',
      '--salt',
      's',
      '--rate',
      '50',
      '--url',
      url,
    ];
    const { code, out } = await cli(['verify', ...flags]);
    expect(code).toBe(0);
    expect(out).toContain('churn@2  test/1   7      0                 0              0         0\n');
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/v1/verifications' });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      model: 'churn@2',
      to: '0:0:9',
      sample: { share: 0.01, salt: 's' },
      rowsPerSecondMax: 50,
    });
  });

  it('fails where an answer would be another one, and names it', async () => {
    const example = { predictionId: 'p-1', position: '0:0:3', verdict: 'mismatch', reason: 'model_changed' } as const;
    const report = reportOf({ verified: 1, mismatch: 1, reasons: { model_changed: 1 }, examples: [example] });
    const { url } = await answering({ report });
    const { code, out, err } = await cli(['verify', '--url', url]);
    expect(code).toBe(1);
    expect(out).toContain('1 compared, 1 of them not exact: ');
    expect(out).toContain('1 × model_changed\np-1  0:0:3  mismatch  model_changed\n');
    expect(err).toContain('Not every answer would be given again.');
    expect(JSON.parse((await cli(['verify', '--json', '--url', url])).out)).toMatchObject({ report: { mismatch: 1 } });
  });

  it('counts what was imported, and names none of it', async () => {
    const rows = ['old-1', 'old-2'].map((predictionId) => ({ predictionId, position: '0:0:1' }));
    const examples = rows.map((row) => ({ ...row, verdict: 'not_verified', reason: 'imported' }) as const);
    const report = reportOf({ verified: 3, exact: 1, not_verified: 2, reasons: { imported: 2 }, examples });
    const { url } = await answering({ report });
    const { code, out } = await cli(['verify', '--url', url]);
    expect([code, out]).toEqual([0, expect.stringContaining('2 × imported')]);
    expect(out).not.toContain('old-1');
    expect(JSON.parse((await cli(['verify', '--json', '--url', url])).out)).toMatchObject({ report: { examples } });
  });

  it('says where there was nothing to run', async () => {
    const { url } = await answering({ report: reportOf({}) });
    const { code, err } = await cli(['verify', '--url', url]);
    expect([code, err]).toEqual([0, expect.stringContaining('There was nothing to run')]);
  });

  it('says why there is no report', async () => {
    const { url } = await answering({ status: 'failed', error: { code: 'cut_unreadable', detail: 'Another log.' } });
    expect(await cli(['verify', '--url', url])).toMatchObject({ code: 1, out: '' });
  });

  it('need not be waited for, and takes no shares or rates that are none', async () => {
    const { url, asked } = await answering({});
    expect(await cli(['verify', '--no-wait', '--url', url])).toMatchObject({ code: 0, out: 'v-1\n' });
    expect(asked).toHaveLength(1);
    for (const wrong of [
      ['--sample', '0'],
      ['--sample', '2'],
      ['--sample', 'all'],
      ['--rate', 'fast'],
    ])
      expect((await cli(['verify', ...wrong, '--url', url])).code).toBe(2);
  });
});
