import { backtestReport, countRow, emptyBacktest, sliceText } from '@hindcast/domain';
import { afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

const answer = (yes: number) => ({ probabilities: { no: 1 - yes, yes } });
const state = emptyBacktest();
const label = { value: 'yes', weight: 1 };
const slices = { 'input.plan': 'basic', 'input.plaan': sliceText(undefined) };
const row = { predictionId: 'p-1', position: '0:0:1', slices, label };
countRow(state, { ...row, recorded: answer(0.25), candidate: answer(0.75) });
const report = backtestReport(state);

const job = { id: 'b-1', kind: 'backtest', attempts: 1, requestedAt: '2026-01-31T12:00:00.000Z', spec: {} };
const begun = { id: 'b-1', status: 'queued', links: { self: '/v1/backtests/b-1', job: '/v1/jobs/b-1' } };
const answering = (ended: object) =>
  serve(({ method }, response) =>
    method === 'POST' ? send(response, 202, begun) : send(response, 200, { ...job, status: 'succeeded', ...ended }),
  );

describe('hindcast backtest', () => {
  it('asks for what it is told, and shows what would have been', async () => {
    const { url, asked } = await answering({ report });
    const flags = ['--model', 'churn@2', '--history', 'leave', '--slice', 'input.plan', 'entity', '--from', '0:0:1'];
    const { code, out, err } = await cli(['backtest', ...flags, '--url', url]);
    expect(code).toBe(0);
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({
      ...{ model: 'churn@2', history: 'leave', slices: ['input.plan', 'entity'], from: '0:0:1' },
    });
    expect(out).toContain('1 compared, 1 of them changed (100.0 %), 1 with a label\n');
    expect(out).toContain('scores moved by 0.5 on average, by 0.5 where up and down count alike\n');
    expect(out).toContain('no  →  yes  1 (100.0 %)\n');
    expect(out).toMatch(/accuracy +0 +1\n/);
    expect(out).toContain('favour that version');
    expect(out).toContain('No row has input.plaan: that slice tells nothing.\n');
    expect(out).not.toContain('input.plan:');
    expect(out).toMatch(/^input\.plan +rows +changed +accuracy recorded +candidate\nbasic +1 +1 \(100\.0 %\) +0 +1$/m);
    expect(err).toContain(`${url}/v1/backtests/b-1/report`);
  });

  it('says where no score moved', async () => {
    const still = emptyBacktest();
    countRow(still, { ...row, recorded: answer(0.25), candidate: answer(0.25) });
    const { url } = await answering({ report: backtestReport(still) });
    expect((await cli(['backtest', '--model', 'churn@2', '--url', url])).out).toContain('\nno score moved\n');
  });

  it('fails where nothing was answered, and not where there was nothing to answer', async () => {
    const refused = emptyBacktest();
    refused.refusals['row_refused'] = 3;
    const all = await answering({ report: backtestReport(refused) });
    expect(await cli(['backtest', '--model', 'churn@2', '--url', all.url])).toMatchObject({
      code: 1,
      err: expect.stringContaining('the candidate has answered none of these rows'),
    });
    const none = await answering({ report: backtestReport(emptyBacktest()) });
    expect(await cli(['backtest', '--model', 'churn@2', '--url', none.url])).toMatchObject({
      code: 0,
      err: expect.stringContaining('There was nothing to run'),
    });
  });

  it('says why there is no report', async () => {
    const error = { code: 'model_missing', detail: 'The file of churn@2 is missing.' };
    const { url } = await answering({ status: 'failed', error });
    const { code, err } = await cli(['backtest', '--model', 'churn@2', '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain('The file of churn@2 is missing.');
    const canceled = await answering({ status: 'canceled', reason: 'no' });
    const other = await cli(['backtest', '--model', 'churn@2', '--url', canceled.url]);
    expect(other.err).toContain('The backtest was canceled: no');
  });

  it('does not wait for a shadow, which has no end', async () => {
    const { url, asked } = await answering({});
    const { code, out, err } = await cli(['backtest', '--model', 'churn@2', '--shadow', '--url', url]);
    expect({ code, out }).toEqual({ code: 0, out: 'b-1\n' });
    expect(err).toContain('npx hindcast jobs cancel b-1');
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ model: 'churn@2', shadow: true });
    expect(asked).toHaveLength(1);
    expect((await cli(['backtest', '--url', url])).code).toBe(2);
  });
});
