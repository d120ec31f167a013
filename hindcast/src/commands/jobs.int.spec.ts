import { afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

const job = {
  id: 'j-1',
  kind: 'projection-rebuild',
  status: 'running',
  spec: { projection: 'models' },
  attempts: 1,
  requestedAt: '2026-01-31T12:00:00.000Z',
  progress: { done: 40, total: 70, unit: 'records', detail: 'filling', ratePerSecond: 20, etaMs: 1_500 },
};
const told = 'running (filling): 40 of 70 records, 20 per second, about 2 s left';

describe('hindcast jobs', () => {
  it('lists them', async () => {
    const { url, asked } = await serve((_, response) => send(response, 200, { data: [job], nextCursor: null }));
    const shown = await cli(['jobs', 'list', '--kind', 'projection-rebuild', '--status', 'running', '--url', url]);
    expect(shown).toMatchObject({ code: 0, out: `j-1  projection-rebuild  2026-01-31T12:00:00.000Z  ${told}\n` });
    expect(asked[0]?.path).toBe('/v1/jobs?limit=50&kind=projection-rebuild&status=running');
    const { out } = await cli(['jobs', 'list', '--json', '--url', url]);
    expect(JSON.parse(out)).toEqual([job]);
    expect((await cli(['jobs', 'list', '--limit', 'all', '--url', url])).code).toBe(2);
  });

  it('lists of those that did not succeed why', async () => {
    const error = { code: 'record_missing', detail: 'Offset 7 is missing.' };
    const ended = [
      { ...job, status: 'failed', error },
      { ...job, status: 'canceled', reason: 'enough' },
    ];
    const { url } = await serve((_, response) => send(response, 200, { data: ended, nextCursor: null }));
    const { out } = await cli(['jobs', 'list', '--url', url]);
    expect(out).toContain('failed: Offset 7 is missing. (record_missing)\n');
    expect(out).toContain('canceled: enough\n');
  });

  it('shows one', async () => {
    const { url } = await serve((_, response) => send(response, 200, job));
    const { out } = await cli(['jobs', 'show', 'j-1', '--url', url]);
    expect(out).toContain(`progress   ${told}\n`);
    expect(out).toContain('asked      {"projection":"models"}\n');
  });

  it('watches one to its end', async () => {
    const answers = [{ ...job, status: 'queued', progress: undefined }, job];
    const { url, asked } = await serve((_, response) =>
      send(response, 200, answers.shift() ?? { ...job, status: 'succeeded', result: { generation: 2 } }),
    );
    const { code, out, err } = await cli(['jobs', 'watch', 'j-1', '--json', '--url', url]);
    expect({ code, out: JSON.parse(out) }).toMatchObject({ code: 0, out: { status: 'succeeded' } });
    expect(err).toContain('succeeded: 40 of 70 records');
    expect(err).not.toContain('succeeded (filling)');
    expect(asked).toHaveLength(3);
  });

  it('says no more of one that had nothing to do than that it is done', async () => {
    const progress = { done: 0, total: 0, unit: 'events', ratePerSecond: 0 };
    const { url } = await serve((_, response) => send(response, 200, { ...job, status: 'succeeded', progress }));
    expect((await cli(['jobs', 'watch', 'j-1', '--json', '--url', url])).err).toBe('succeeded\n');
    const slow = { ...job, progress: { ...job.progress, ratePerSecond: 0.2 } };
    const other = await serve((_, response) => send(response, 200, { data: [slow], nextCursor: null }));
    const { out } = await cli(['jobs', 'list', '--url', other.url]);
    expect(out).toContain('running (filling): 40 of 70 records, about 2 s left\n');
  });

  it('fails with the job that is watched', async () => {
    const error = { code: 'job_lost', detail: 'It was started 3 times.' };
    const { url } = await serve((_, response) => send(response, 200, { ...job, status: 'failed', error }));
    const { code, out } = await cli(['jobs', 'watch', 'j-1', '--url', url]);
    expect({ code, out }).toEqual({ code: 1, out: 'failed: It was started 3 times. (job_lost)\n' });
  });

  it('says of one that was canceled that it was', async () => {
    const progress = { done: 3, unit: 'records', ratePerSecond: 4_950.2 };
    const { url } = await serve((_, response) => send(response, 200, { ...job, status: 'canceled', progress }));
    const { err } = await cli(['jobs', 'watch', 'j-1', '--url', url]);
    expect(err).toMatch(/4950 per second\nThe job was canceled\.\n$/);
  });

  it('cancels one, or says why not', async () => {
    const { url, asked } = await serve(({ path }, response) =>
      path.includes('j-1')
        ? send(response, 200, { ...job, status: 'canceled' })
        : send(response, 409, { detail: 'The job has succeeded.' }),
    );
    expect(await cli(['jobs', 'cancel', 'j-1', '--reason', 'no', '--url', url])).toMatchObject({
      code: 0,
      out: 'j-1  canceled\n',
    });
    expect(asked[0]).toMatchObject({ method: 'POST', path: '/v1/jobs/j-1/cancel', body: '{"reason":"no"}' });
    const refused = await cli(['jobs', 'cancel', 'j-2', '--url', url]);
    expect(refused).toMatchObject({ code: 1, err: 'The job has succeeded. (HTTP 409)\n' });
  });
});
