import type { PredictionRequested } from '@hindcast/domain';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';
import { takeableClaims } from './testing/takeable-claims.ts';

const body = { model: 'churn', input: churnInput };
let world: CommandWorld;
const post = (payload: object | string, headers: object = {}, url = '/v1/predictions') =>
  world.send('POST', url, payload, headers);

const restart = async (overrides: Parameters<typeof createCommandWorld>[0]) => {
  await world.close();
  world = await createCommandWorld(overrides);
  await world.haveModel();
};

/** Lets everything go on that can go on without the view. */
const turns = async () => {
  for (let turn = 0; turn < 50; turn++) await new Promise((resolve) => setImmediate(resolve));
};

beforeEach(async () => {
  world = await createCommandWorld();
  await world.haveModel();
});
afterEach(() => world.close());

describe('an idempotency key', () => {
  const keyed = (key: string, payload: object = body, more: object = {}) =>
    post(payload, { 'idempotency-key': key, ...more });

  it('makes a thousand equal requests one prediction', async () => {
    const answers = await Promise.all(Array.from({ length: 1_000 }, () => keyed('"k-1"')));
    const accepted = answers.filter(({ statusCode }) => statusCode === 202);
    expect(accepted.length).toBeGreaterThan(0);
    expect(new Set(accepted.map((answer) => answer.json().id)).size).toBe(1);
    expect(accepted.filter(({ headers }) => headers['idempotency-replayed'] === undefined)).toHaveLength(1);
    for (const other of answers.filter(({ statusCode }) => statusCode !== 202)) {
      expect(other.json().type).toBe('/problems/idempotency-in-flight');
      expect(other.headers['retry-after']).toBe('1');
    }
    expect(await world.events()).toHaveLength(1);
  });

  it('answers a repeat as before, however its members are ordered and the key is quoted', async () => {
    const first = await keyed('"k-1"');
    const again = await keyed('k-1', { input: { plan: 'basic', visits: 3, tenure: 14 }, model: 'churn' });
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.json()).toEqual(first.json());
    expect(again.headers['etag']).toBe(first.headers['etag']);
    expect(await world.events()).toHaveLength(1);
  });

  it('is remembered by the log when the claim is lost', async () => {
    const { claims, take } = takeableClaims();
    await restart({ ports: { reservations: claims } });
    const first = await keyed('k-1');
    await world.seen(first.headers['hindcast-position']);
    const { id } = first.json();
    await take(id);
    const again = await keyed('k-1', body, { prefer: 'wait=1' });
    expect(again.headers['idempotency-replayed']).toBe('true');
    await take(id);
    expect((await keyed('k-1', { ...body, entity: 'x' })).statusCode).toBe(422);
    expect(await world.events()).toHaveLength(1);
  });

  it('with another body is refused', async () => {
    await keyed('k-1');
    const answer = await keyed('k-1', { ...body, entity: 'other' });
    expect(answer.json()).toMatchObject({ status: 422, type: '/problems/idempotency-key-reused' });
  });

  it('of racing bodies lets one through', async () => {
    const answers = await Promise.all([keyed('k', { ...body, entity: 'a' }), keyed('k', { ...body, entity: 'b' })]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([202, 422]);
    expect(await world.events()).toHaveLength(1);
  });

  it('whose claims are lost still answers nobody with the result of another body', async () => {
    const lost = {
      reserve: async () => ({ held: false, sure: true }) as const,
      accept: async () => true,
      release: async () => {},
      doubt: async () => {},
    };
    await restart({ ports: { reservations: lost } });
    world.holdViews();
    const racing = ['a', 'b'].map((entity) => keyed('k', { ...body, entity }, { prefer: 'wait=30' }));
    await expect.poll(async () => (await world.events()).length).toBe(2);
    await world.succeed((await world.events())[0]?.subject ?? '');
    world.releaseViews();
    const answers = await Promise.all(racing);
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 422]);
    expect(answers[0]?.json()).toMatchObject({ entity: 'a', status: 'succeeded' });
  });

  it('whose claim outlives the process that took it is answered as soon as the view knows the request', async () => {
    const { claims, take } = takeableClaims();
    await restart({ ports: { reservations: claims } });
    const items = { model: 'churn', items: [{ input: churnInput }, { input: churnInput }] };
    for (const [key, payload] of [
      ['k-1', body],
      ['k-2', items],
    ] as const) {
      const first = await keyed(key, payload);
      const id = first.json().id ?? first.json().batchId;
      const claim = await claims.reserve(`default/${id}`, 'who asks', '');
      await take(id);
      await claims.reserve(`default/${id}`, 'who is gone', claim.held ? claim.by.hash : '');
      for (const position of String(first.headers['hindcast-position']).split(', ')) await world.seen(position);
      const again = await keyed(key, payload);
      expect([again.statusCode, again.headers['idempotency-replayed']]).toEqual([202, 'true']);
    }
  });

  it('is free again when its request was refused', async () => {
    expect((await keyed('k-1', { ...body, model: 'nobody' })).statusCode).toBe(404);
    expect((await keyed('k-1')).statusCode).toBe(202);
  });

  it.each([
    ['empty', ''],
    ['empty quotes', '""'],
    ['too long', 'k'.repeat(256)],
    ['a space', 'a b'],
    ['not ASCII', 'käse'],
    ['an open quote', '"k'],
  ])('that is %s is malformed', async (_what, key) => {
    expect((await keyed(key)).json()).toMatchObject({ status: 400, type: '/problems/invalid-idempotency-key' });
  });

  it('may be the id itself', async () => {
    const put = (payload: object, headers: object = {}) =>
      world.send('PUT', '/v1/predictions/my-id-1', payload, headers);
    expect((await put(body)).json().id).toBe('my-id-1');
    expect((await put(body)).headers['idempotency-replayed']).toBe('true');
    expect((await put({ ...body, entity: 'x' })).statusCode).toBe(422);
    expect((await put(body, { 'idempotency-key': 'k' })).statusCode).toBe(400);
    expect((await world.send('PUT', '/v1/predictions/a%2Fb', body)).statusCode).toBe(400);
  });
});

describe('many predictions', () => {
  const items = [
    { input: churnInput },
    { input: { ...churnInput, tenure: 'x' } },
    { input: [1, 2, 'x'], entity: 'c-2' },
  ];

  it('are one append, with an outcome for each', async () => {
    const answer = await post({ model: 'churn', items });
    expect(answer.statusCode).toBe(202);
    const { batchId, accepted, refused, items: outcomes } = answer.json();
    expect({ accepted, refused }).toEqual({ accepted: 2, refused: 1 });
    expect(outcomes[1]).toMatchObject({
      status: 'refused',
      problem: { errors: [{ pointer: '/items/1/input/tenure' }] },
    });
    const events = (await world.events()) as PredictionRequested[];
    expect(new Set(events.map(({ subject }) => subject))).toEqual(new Set([outcomes[0].id, outcomes[2].id]));
    expect(events.map(({ data }) => [data.batchId, data.batchIndex]).sort()).toEqual([
      [batchId, 0],
      [batchId, 2],
    ]);
  });

  it('that are all bad are refused', async () => {
    const answer = await post({ model: 'churn', items: [items[1], items[1]] });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual([
      '/items/0/input/tenure',
      '/items/1/input/tenure',
    ]);
  });

  it('under a key are accepted once, even while the view is behind', async () => {
    const send = (payload: object = { model: 'churn', items }) => post(payload, { 'idempotency-key': 'batch-1' });
    world.holdViews();
    const first = await send();
    const repeat = send();
    await turns();
    world.releaseViews();
    const again = await repeat;
    expect(again.headers['idempotency-replayed']).toBe('true');
    expect(again.json()).toEqual(first.json());
    expect(await world.events()).toHaveLength(2);
    expect((await send({ model: 'churn', items: items.slice(0, 1) })).statusCode).toBe(422);
  });
});
