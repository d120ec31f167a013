import {
  aJobCanceled,
  aJobFailed,
  aJobProgressed,
  aJobRequested,
  aJobStarted,
  aJobSucceeded,
} from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

let world: QueryWorld;
beforeEach(async () => {
  world = await queryWorld();
});
afterEach(() => world.close());

const job = async (id: string, headers?: Record<string, string>) => (await world.get(`/v1/jobs/${id}`, headers)).json();

describe('a job', () => {
  it('shows how far it is, how fast, and what came of it', async () => {
    await world.append(aJobRequested());
    expect(await job('j-1')).toEqual({
      ...{ id: 'j-1', kind: 'count', status: 'queued', spec: { to: 10 }, attempts: 0 },
      requestedAt: expect.any(String),
      links: { self: '/v1/jobs/j-1' },
    });
    await world.append(aJobStarted());
    world.skew(2_000);
    await world.append(aJobProgressed({ done: 4, total: 10, detail: 'half', checkpoint: { at: 4 } }));
    const running = await job('j-1');
    expect(running).toMatchObject({
      status: 'running',
      progress: { done: 4, total: 10, unit: 'steps', detail: 'half' },
    });
    expect(running.progress.ratePerSecond).toBeGreaterThan(1);
    expect(running.progress.ratePerSecond).toBeLessThanOrEqual(2);
    expect(running.progress.etaMs).toBeGreaterThanOrEqual(3_000);
    await world.append(aJobSucceeded());
    const ended = await job('j-1');
    expect(ended).toMatchObject({ status: 'succeeded', result: { counted: 10 }, endedAt: expect.any(String) });
    expect(ended.progress).not.toHaveProperty('etaMs');
  });

  it('that failed or was canceled says why', async () => {
    await world.append(
      aJobRequested(),
      aJobFailed(),
      aJobRequested({ id: 'j-2' }),
      aJobCanceled({ id: 'j-2', reason: 'no' }),
    );
    expect(await job('j-1')).toMatchObject({ status: 'failed', error: { code: 'job_failed', detail: 'It broke.' } });
    expect(await job('j-2')).toMatchObject({ status: 'canceled', reason: 'no' });
    expect(await job('j-3')).toMatchObject({ status: 404, type: '/problems/unknown-job' });
  });

  it('is waited for', async () => {
    await world.append(aJobRequested());
    const waiting = world.get('/v1/jobs/j-1', { prefer: 'wait=30' });
    await world.append(aJobStarted(), aJobSucceeded());
    const answer = await waiting;
    expect(answer.headers['preference-applied']).toBe('wait=30');
    expect(answer.json()).toMatchObject({ status: 'succeeded' });
    await world.append(aJobRequested({ id: 'j-2' }));
    expect(await job('j-2', { prefer: 'wait=0' })).toMatchObject({ status: 'queued' });
  });

  it('is told as a stream until it has ended', async () => {
    await world.append(aJobRequested());
    const headers = { accept: 'text/event-stream' };
    const answer = await world.app.inject({ method: 'GET', url: '/v1/jobs/j-1', headers, payloadAsStream: true });
    expect(answer.headers['content-type']).toContain('text/event-stream');
    const changes = [aJobStarted(), aJobProgressed(), aJobSucceeded()];
    const told: string[] = [];
    for await (const chunk of answer.stream()) {
      const [, data] = /^data: (.*)$/m.exec(String(chunk)) ?? [];
      if (data === undefined) continue;
      told.push(JSON.parse(data).status);
      const next = changes.shift();
      if (next) await world.append(next);
    }
    expect(told).toEqual(['queued', 'running', 'running', 'succeeded']);
  });
});

describe('the list of jobs', () => {
  it('is newest first, by kind and status, page by page', async () => {
    for (let at = 0; at < 5; at++) {
      await world.append(aJobRequested({ id: `j-${at}`, kind: at % 2 === 0 ? 'count' : 'cut' }));
      world.skew(10);
    }
    await world.append(aJobSucceeded({ id: 'j-2' }));
    const idsOf = async (query: string) => {
      const { data, nextCursor } = (await world.get(`/v1/jobs${query}`)).json();
      return { ids: (data as { id: string }[]).map(({ id }) => id), nextCursor };
    };
    expect((await idsOf('')).ids).toEqual(['j-4', 'j-3', 'j-2', 'j-1', 'j-0']);
    expect((await idsOf('?kind=count&status=queued')).ids).toEqual(['j-4', 'j-0']);
    const first = await idsOf('?limit=2');
    expect(first.ids).toEqual(['j-4', 'j-3']);
    const second = await idsOf(`?limit=3&cursor=${first.nextCursor}`);
    expect(second).toEqual({ ids: ['j-2', 'j-1', 'j-0'], nextCursor: null });
    expect((await world.get(`/v1/jobs?kind=cut&cursor=${first.nextCursor}`)).statusCode).toBe(400);
    expect((await world.get('/v1/jobs?status=expired')).statusCode).toBe(400);
  });
});
