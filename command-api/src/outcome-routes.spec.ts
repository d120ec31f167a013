import { nodeIdentity } from '@hindcast/adapters/node';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
const accepted = async (): Promise<string> =>
  (await world.send('POST', '/v1/predictions', { model: 'churn', input: churnInput })).json().id;
const cancel = (id: string, payload?: object) => world.send('POST', `/v1/predictions/${id}/cancel`, payload);

beforeEach(async () => {
  world = await createCommandWorld({ limits: { outcomeWaitMs: 2_000 } });
  await world.haveModel();
});
afterEach(() => world.close());

describe('a cancel', () => {
  it('that comes first wins, and repeating it is safe', async () => {
    const id = await accepted();
    const answer = await cancel(id, { reason: 'no longer needed' });
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toMatchObject({ id, status: 'canceled' });
    await world.succeed(id);
    expect((await cancel(id)).json()).toMatchObject({ status: 'canceled' });
    const canceled = (await world.events()).find(({ type }) => type === 'PredictionCanceled');
    expect(canceled).toMatchObject({ data: { reason: 'no longer needed' } });
    expect(canceled?.causationid).toBe((await world.events()).find(({ type }) => type === 'PredictionRequested')?.id);
  });

  it('that a result has beaten in the log says so, though the view had not seen it', async () => {
    const id = await accepted();
    await expect.poll(() => world.ports.views.prediction(`default/${id}`)).toBeDefined();
    world.holdViews();
    await world.succeed(id);
    const answering = cancel(id);
    await expect.poll(async () => (await world.events()).length).toBe(3);
    world.releaseViews();
    expect((await answering).json()).toMatchObject({
      status: 409,
      type: '/problems/prediction-ended',
      detail: expect.stringContaining('succeeded'),
    });
  });

  it('whose outcome cannot be seen in time is answered 202', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { outcomeWaitMs: 50 } });
    await world.haveModel();
    const id = await accepted();
    await expect.poll(() => world.ports.views.prediction(`default/${id}`)).toBeDefined();
    world.holdViews();
    const answer = await cancel(id);
    expect(answer.statusCode).toBe(202);
    expect(answer.headers['location']).toBe(`/v1/predictions/${id}`);
  });

  it('right after the accept finds the prediction, and an unknown id is 404 only at the end of the log', async () => {
    world.holdViews();
    const id = await accepted();
    const answering = cancel(id);
    world.releaseViews();
    expect((await answering).statusCode).toBe(200);
    expect((await cancel('nobody')).json()).toMatchObject({ status: 404, type: '/problems/unknown-prediction' });
  });

  it('is not guessed at while the view is behind', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { outcomeWaitMs: 50 } });
    await world.haveModel();
    world.holdViews();
    expect((await cancel(await accepted())).json()).toMatchObject({ status: 503, type: '/problems/view-behind' });
  });

  it('does not wait for the view where too many do already, and a closing server lets go of those that wait', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { waitsMax: 1, outcomeWaitMs: 60_000 } });
    await world.haveModel();
    world.holdViews();
    const id = await accepted();
    const checkpoints = vi.spyOn(world.ports.views, 'checkpoints');
    const waiting = cancel(id);
    await expect.poll(() => checkpoints.mock.calls.length).toBeGreaterThan(0);
    expect((await cancel(id)).json()).toMatchObject({ status: 503, type: '/problems/too-many-waiting' });
    await world.app.close();
    expect((await waiting).json()).toMatchObject({ status: 503, type: '/problems/view-behind' });
  });

  it('that cannot read the views says so', async () => {
    const { views } = world.ports;
    const prediction = async () => {
      throw new Error('connection refused by 10.0.0.7');
    };
    await world.close();
    world = await createCommandWorld({ ports: { views: { ...views, prediction } } });
    const answer = await cancel('some-id');
    expect(answer.json()).toMatchObject({ status: 503, type: '/problems/store-unavailable' });
    expect(answer.body).not.toContain('10.0.0.7');
  });

  it('of another prediction is not possible by a body', async () => {
    expect((await cancel(await accepted(), { id: 'other' })).statusCode).toBe(422);
  });
});

describe('a label', () => {
  const label = (id: string, payload: object) => world.send('POST', `/v1/predictions/${id}/labels`, payload);

  it('is in the log when it is answered, and may be corrected', async () => {
    const id = await accepted();
    expect((await label(id, { value: true, source: 'billing', occurredAt: '2026-04-01T00:00:00Z' })).statusCode).toBe(
      202,
    );
    const second = await label(id, { value: false, weight: 2 });
    await world.seen(second.headers['hindcast-position']);
    const doc = await world.ports.views.prediction(`default/${id}`);
    expect(doc?.state.labels.map(({ value }) => value)).toEqual([true, false]);
  });

  it.each([
    ['without a value', {}, '/value'],
    ['with an object as value', { value: {} }, '/value'],
    ['with a bad time', { value: 1, occurredAt: '1.4.2026' }, '/occurredAt'],
    ['with a negative weight', { value: 1, weight: -1 }, '/weight'],
    ['with a weight beyond all others', { value: 1, weight: 1e308 }, '/weight'],
    ['with an unknown member', { value: 1, vlaue: 2 }, '/vlaue'],
  ])('%s is refused', async (_what, payload, pointer) => {
    const answer = await label(await accepted(), payload);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  it('of an unknown prediction is 404', async () => {
    expect((await label(nodeIdentity.newId(), { value: 1 })).statusCode).toBe(404);
  });
});
