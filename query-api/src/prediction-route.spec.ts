import { formatPosition, TOPICS } from '@hindcast/domain';
import {
  aModelPaused,
  aModelRegistered,
  aModelResumed,
  anImportedPrediction,
  aPredictionAttemptStarted,
  aPredictionCanceled,
  aPredictionFailed,
  aPredictionLabeled,
  aPredictionRequested,
  aPredictionSucceeded,
} from '@hindcast/domain/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { type QueryWorld, queryWorld } from './testing/query-world.ts';

const worlds: QueryWorld[] = [];
const world = async (...given: Parameters<typeof queryWorld>): Promise<QueryWorld> => {
  const made = await queryWorld(...given);
  worlds.push(made);
  return made;
};
afterEach(async () => {
  for (const made of worlds.splice(0)) await made.close();
});

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000 });
const path = '/v1/predictions/p-1';

describe('GET /v1/predictions/{id}', () => {
  it('shows an open prediction with the advice to ask again', async () => {
    const { append, fold, get } = await world();
    const position = await append(aPredictionRequested());
    await fold();
    const answer = await get(path);
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id: 'p-1', status: 'queued', model: 'churn' });
    expect(answer.headers).toMatchObject({
      'cache-control': 'no-store',
      'retry-after': '1',
      'hindcast-position': formatPosition(position),
    });
  });

  it('links to what else there is of it', async () => {
    const { append, fold, get } = await world();
    await append(aPredictionRequested(), aPredictionLabeled({ id: 'p-1', value: 'yes' }));
    await fold();
    const { cancel, ...links } = (await get(path)).json().links;
    expect(cancel).toBe(`${path}/cancel`);
    expect(links).toMatchObject({ self: path, labels: `${path}/labels` });
    for (const link of Object.values<string>(links)) expect((await get(link)).statusCode).toBe(200);
    expect((await get(links.labels)).json().data).toMatchObject([{ value: 'yes', counts: true }]);
  });

  it('says that a queued prediction waits for its paused model, for as long as it does', async () => {
    const { append, fold, get } = await world();
    await append(aModelRegistered(), aPredictionRequested(), aPredictionRequested({ id: 'p-2', model: 'other' }));
    await fold();
    const before = await get(path);
    expect(before.json()).not.toHaveProperty('heldBy');
    await append(aModelPaused());
    await fold();
    const held = await get(path, { 'if-none-match': String(before.headers['etag']) });
    expect([held.statusCode, held.json().status, held.json().heldBy]).toEqual([200, 'queued', 'model-paused']);
    expect(held.headers['etag']).not.toBe(before.headers['etag']);
    expect((await get(path, { 'if-none-match': String(held.headers['etag']) })).statusCode).toBe(304);
    expect((await get('/v1/predictions/p-2')).json()).not.toHaveProperty('heldBy');
    await append(aModelResumed());
    await fold();
    expect((await get(path)).body).toBe(before.body);
    await append(aModelPaused({ eventId: 'again' }), aPredictionAttemptStarted());
    await fold();
    expect((await get(path)).json()).toEqual(expect.not.objectContaining({ heldBy: expect.anything() }));
  });

  it('shows no digest of a file that nobody knows', async () => {
    const { append, fold, get } = await world();
    await append(...anImportedPrediction(), aPredictionRequested({ id: 'p-2', eventId: 'r-2' }));
    await fold();
    expect((await get(path)).json()).toMatchObject({ status: 'succeeded', role: 'imported', modelSha256: null });
    expect((await get('/v1/predictions/p-2')).json().modelSha256).toMatch(/^[0-9a-f]{64}$/);
  });

  it('gives the same bytes for ever once the prediction has ended, whatever comes later', async () => {
    const forgetful = { get: async () => undefined, put: async () => {} };
    const { append, fold, get } = await world({ ports: { cache: forgetful } });
    await append(aPredictionRequested(), aPredictionSucceeded());
    await fold();
    const first = await get(path);
    expect(first.json()).toMatchObject({ status: 'succeeded', output: { probability: 0.25 } });
    expect(first.headers['cache-control']).toContain('immutable');
    expect(first.headers['retry-after']).toBeUndefined();
    await append(aPredictionLabeled(), aPredictionFailed(), aPredictionRequested());
    await fold();
    const later = await get(path);
    expect(later.body).toBe(first.body);
    expect(later.headers['etag']).toBe(first.headers['etag']);
    expect(later.json()).not.toHaveProperty('labels');
  });

  it('shows labels where they are asked for, and then lets nobody keep the answer', async () => {
    const { append, fold, get } = await world();
    await append(aPredictionRequested(), aPredictionSucceeded());
    await fold();
    await get(path);
    await append(aPredictionLabeled({ value: 'stayed' }));
    await fold();
    const answer = await get(`${path}?include=labels`);
    expect(answer.json().labels).toMatchObject([{ value: 'stayed' }]);
    expect(answer.headers['cache-control']).toBe('private, no-cache');
  });

  it('answers 304 to who has it already', async () => {
    const { append, fold, get } = await world();
    await append(aPredictionRequested(), aPredictionSucceeded());
    await fold();
    const { etag } = (await get(path)).headers;
    for (const tag of [`${etag}`, `"other", W/${etag}`, '*']) {
      const answer = await get(path, { 'if-none-match': tag });
      expect(answer.statusCode).toBe(304);
      expect(answer.body).toBe('');
      expect(answer.headers['etag']).toBe(etag);
    }
    expect((await get(path, { 'if-none-match': '"other"' })).statusCode).toBe(200);
  });

  it('is the same under /getResults', async () => {
    const { append, fold, get } = await world();
    await append(aPredictionRequested(), aPredictionSucceeded());
    await fold();
    expect((await get('/getResults?id=p-1')).body).toBe((await get(path)).body);
    expect((await get('/getResults')).statusCode).toBe(400);
  });

  it('waits for the end, and takes it from the notice', async () => {
    const it = await world({ limits: { rereadMs: 60_000 } });
    await it.append(aPredictionRequested());
    await it.fold();
    const answer = it.get(path, { prefer: 'respond-async, wait=20' });
    await eventually(() => expect(it.listeners).toBe(1));
    await it.append(aPredictionSucceeded());
    await it.fold();
    expect((await answer).json().status).toBe('succeeded');
    expect((await answer).headers['preference-applied']).toBe('wait=20');
    expect(it.listeners).toBe(0);
  });

  it('finds the end although the notice was lost', async () => {
    const it = await world({ limits: { rereadMs: 5 } });
    await it.append(aPredictionRequested());
    await it.fold();
    const answer = it.get(path, { prefer: 'wait=20' });
    await eventually(() => expect(it.listeners).toBe(1));
    await it.append(aPredictionCanceled());
    await it.fold({ announce: false });
    expect((await answer).json().status).toBe('canceled');
  });

  it('answers as it is when the wait is over', async () => {
    const it = await world();
    await it.append(aPredictionRequested());
    await it.fold();
    const answer = await it.get(path, { prefer: 'wait=0' });
    expect(answer.json().status).toBe('queued');
    expect(answer.headers['preference-applied']).toBe('wait=0');
    expect((await it.get(path, { prefer: 'wait=soon' })).headers['preference-applied']).toBeUndefined();
    expect(it.listeners).toBe(0);
  });

  it('answers who waits when the server closes', async () => {
    const it = await world();
    await it.append(aPredictionRequested());
    await it.fold();
    const answer = it.get(path, { prefer: 'wait=60' });
    await eventually(() => expect(it.listeners).toBe(1));
    await it.app.close();
    expect((await answer).json().status).toBe('queued');
  });

  it('never says 404 of what was accepted: it waits for the view', async () => {
    const it = await world();
    await it.append(aPredictionRequested());
    const answer = it.get(path);
    await eventually(() => expect(it.listeners).toBe(1));
    await it.fold({ announce: false });
    expect((await answer).statusCode).toBe(200);
    expect(it.listeners).toBe(0);
  });

  it('says 503 where the view does not come', async () => {
    const { append, get } = await world({ limits: { viewWaitMsMax: 20 } });
    await append(aPredictionRequested());
    const answer = await get(path);
    expect(answer.statusCode).toBe(503);
    expect(answer.json().type).toBe('/problems/view-behind');
    expect(answer.headers['retry-after']).toBe('1');
  });

  it('says 404 only when the view has passed the end of the log', async () => {
    const { append, fold, get } = await world();
    await append(aPredictionLabeled());
    await fold();
    expect((await get(path)).json().type).toBe('/problems/unknown-prediction');
    expect((await get('/v1/predictions/other')).statusCode).toBe(404);
  });

  it('does not take the checkpoint of another log for its own', async () => {
    const { views, log, append, get } = await world({ limits: { viewWaitMsMax: 20 } });
    await append(aPredictionRequested());
    for (const { epoch, partition } of await log.bounds(TOPICS.predictions)) {
      await views.statusStore(1).save([], { logId: 'another', epoch, partition, next: 99 });
    }
    expect((await get(path)).statusCode).toBe(503);
  });

  it('answers nothing older than the position that the caller names', async () => {
    const it = await world();
    await it.append(aPredictionRequested());
    await it.fold();
    const position = formatPosition(await it.append(aPredictionSucceeded()));
    const answer = it.get(path, { 'hindcast-position': `0:99:5, ${position}` });
    await eventually(() => expect(it.listeners).toBe(1));
    await it.fold();
    expect((await answer).json().status).toBe('succeeded');
    expect((await it.get(path, { 'hindcast-position': position })).statusCode).toBe(200);
  });

  it('refuses positions that the log does not have', async () => {
    const { append, fold, get } = await world();
    const { epoch, partition, offset } = await append(aPredictionRequested());
    await fold();
    for (const named of [
      `${epoch}:${partition}:${offset + 1}`,
      `7:${partition}:0`,
      `7:${partition + 1}:0`,
      'nonsense',
      '',
    ]) {
      const answer = await get(path, { 'hindcast-position': named });
      expect([named, answer.statusCode]).toEqual([named, 400]);
    }
  });

  it('goes through to the view when the cache fails, and says so when the view does', async () => {
    const broken = async () => {
      throw new Error('down');
    };
    const uncached = await world({ ports: { cache: { get: broken, put: broken } } });
    await uncached.append(aPredictionRequested(), aPredictionSucceeded());
    await uncached.fold();
    expect((await uncached.get(path)).statusCode).toBe(200);
    const blind = await world({ ports: { views: { ...uncached.views.reader, prediction: broken } } });
    expect((await blind.get(path)).json().type).toBe('/problems/store-unavailable');
  });

  it('refuses parameters that it does not know', async () => {
    const { get } = await world();
    expect((await get(`${path}?wait=5`)).json()).toMatchObject({ type: '/problems/invalid-parameter' });
    expect((await get(`${path}?include=all`)).statusCode).toBe(400);
  });
});
