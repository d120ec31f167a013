import { isDateTime } from '@hindcast/adapters/http';
import { LogError, type PredictionRequested, TOPICS } from '@hindcast/domain';
import { aModelPaused, aModelVersionQuarantined, aModelVersionRetired } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';

const body = { model: 'churn', input: churnInput };
let world: CommandWorld;
const post = (payload: object | string, headers: object = {}, url = '/v1/predictions') =>
  world.send('POST', url, payload, headers);

const restart = async (overrides: Parameters<typeof createCommandWorld>[0]) => {
  await world.close();
  world = await createCommandWorld(overrides);
  await world.haveModel();
};

beforeEach(async () => {
  world = await createCommandWorld();
  await world.haveModel();
});
afterEach(() => world.close());

describe('a prediction request', () => {
  it('is answered when it is in the log, with where to look', async () => {
    const answer = await post({ ...body, entity: 'c-1', referenceId: 'r-1', context: { a: 1 }, priority: 'high' });
    expect(answer.statusCode).toBe(202);
    const receipt = answer.json();
    expect(receipt).toMatchObject({
      status: 'queued',
      model: 'churn',
      modelVersion: 1,
      requestHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    expect(isDateTime(receipt.createdAt)).toBe(true);
    expect(answer.headers).toMatchObject({
      location: `/v1/predictions/${receipt.id}`,
      'retry-after': '1',
      etag: `"${answer.headers['hindcast-position']}"`,
      'hindcast-position': expect.stringMatching(/^0:\d+:\d+$/),
    });
    const [event] = await world.events();
    expect(event).toMatchObject({
      type: 'PredictionRequested',
      subject: receipt.id,
      data: {
        input: churnInput,
        entity: 'c-1',
        referenceId: 'r-1',
        context: { a: 1 },
        priority: 'high',
        role: 'champion',
        share: 1,
        deadlineMs: 60_000,
      },
    });
  });

  it("has the seed's name too", async () => {
    expect((await post(body, {}, '/predict')).statusCode).toBe(202);
  });

  it('carries its trace and its deadline into the log', async () => {
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    await post(body, { traceparent, 'cancel-after': '90s' });
    await post(body, { traceparent: 'garbage', 'cancel-after': '250ms' });
    const [first, second] = (await world.events()).sort((a, b) =>
      a.subject < b.subject ? -1 : 1,
    ) as PredictionRequested[];
    expect(first).toMatchObject({ traceparent, data: { deadlineMs: 90_000 } });
    expect(second).toMatchObject({ data: { deadlineMs: 250 } });
    expect(second?.traceparent).toBeUndefined();
    expect((await post(body, { 'cancel-after': 'soon' })).json()).toMatchObject({
      status: 400,
      errors: [{ pointer: 'Cancel-After' }],
    });
  });

  it('waits for its result when it prefers to', async () => {
    const answering = post(body, { prefer: 'respond-async, wait=30' });
    await expect.poll(async () => (await world.events()).length).toBe(1);
    const id = (await world.events())[0]?.subject ?? '';
    await world.succeed(id);
    const answer = await answering;
    expect(answer.statusCode).toBe(201);
    expect(answer.headers).toMatchObject({ 'preference-applied': 'wait=30', location: `/v1/predictions/${id}` });
    expect(answer.json()).toMatchObject({
      id,
      status: 'succeeded',
      output: { probability: 0.25 },
      timings: { queuedMs: 2, inferenceMs: 1 },
    });
  });

  it('gets its receipt when the result does not come in time, and when the server closes', async () => {
    await restart({ limits: { waitsMax: 1 } });
    const waiting = post(body, { prefer: 'wait=60' });
    await expect.poll(async () => (await world.events()).length).toBe(1);
    expect((await post(body, { prefer: 'wait=60' })).statusCode).toBe(202);
    await world.app.close();
    expect((await waiting).statusCode).toBe(202);
  });

  it('of a failure that came within the wait is still a created prediction', async () => {
    const answering = post(body, { prefer: 'wait=30' });
    await expect.poll(async () => (await world.events()).length).toBe(1);
    await world.fail((await world.events())[0]?.subject ?? '');
    expect((await answering).json()).toMatchObject({ status: 'failed', error: { code: 'model_rejected_input' } });
  });

  it('with an input over the size of an event keeps it beside the log', async () => {
    const plan = 'x'.repeat(300_000);
    expect((await post({ model: 'churn', input: { ...churnInput, plan } })).statusCode).toBe(202);
    const [event] = (await world.events()) as PredictionRequested[];
    expect(event?.data.input).toBeUndefined();
    const stored = await world.ports.artifacts.get(event?.data.inputRef?.sha256 ?? '');
    const chunks: Uint8Array[] = [];
    for await (const chunk of stored ?? []) chunks.push(chunk);
    expect(JSON.parse(Buffer.concat(chunks).toString())).toEqual({ ...churnInput, plan });
  });

  it.each([
    ['an unknown member', { ...body, webhook: { url: 'https://example.com' } }, 422, '/webhook'],
    ['an unknown feature', { model: 'churn', input: { ...churnInput, age: 1 } }, 422, '/input/age'],
    ['a missing feature', { model: 'churn', input: { tenure: 1, plan: 'x' } }, 422, '/input/visits'],
    ['a wrong type', { model: 'churn', input: { ...churnInput, tenure: 'long' } }, 422, '/input/tenure'],
    ['a fraction for an integer', { model: 'churn', input: { ...churnInput, visits: 1.5 } }, 422, '/input/visits'],
    ['a NUL in a text', { model: 'churn', input: { ...churnInput, plan: 'ab\0cd' } }, 422, '/input/plan'],
    ['an array of the wrong length', { model: 'churn', input: [1, 2] }, 422, '/input'],
    ['no input', { model: 'churn' }, 422, '/input'],
    ['both forms', { ...body, items: [{ input: churnInput }] }, 422, '/input'],
    ['a bad priority', { ...body, priority: 'urgent' }, 422, '/priority'],
    ['a bad time', { ...body, eventTime: 'yesterday' }, 422, '/eventTime'],
    ['a model name that cannot be', { ...body, model: 'Churn!' }, 422, '/model'],
    [
      'a context too large',
      { ...body, context: { text: 'x'.repeat(70_000) }, input: { ...churnInput, plan: 'y'.repeat(250_000) } },
      422,
      '/context',
    ],
    [
      'too many items',
      { model: 'churn', items: Array.from({ length: 1_001 }, () => ({ input: churnInput })) },
      422,
      '/items',
    ],
    ['no items', { model: 'churn', items: [] }, 422, '/items'],
  ])('with %s is refused, and nothing is accepted', async (_what, payload, status, pointer) => {
    const answer = await post(payload);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().errors[0].pointer).toBe(pointer);
    expect(await world.events()).toEqual([]);
  });

  it.each([
    ['NaN', '{"model":"churn","input":{"tenure":NaN}}'],
    ['a number over the range', '{"model":"churn","input":{"tenure":1e999}}'],
    ['10,000 levels', `{"model":"churn","input":${'['.repeat(10_000)}${']'.repeat(10_000)}}`],
    ['a member twice', '{"model":"churn","model":"other","input":[]}'],
  ])('with %s is malformed', async (_what, payload) => {
    expect((await post(payload)).statusCode).toBe(400);
  });

  it('of more than a megabyte is too large unless it has items', async () => {
    const large = { ...churnInput, plan: 'x'.repeat(1_100_000) };
    expect((await post({ model: 'churn', input: large })).statusCode).toBe(413);
    expect((await post({ model: 'churn', items: [{ input: large }] })).statusCode).toBe(202);
  });
});

describe('the model of a request', () => {
  it('is unknown only after the log was read to its end, and near names are told', async () => {
    const answer = await post({ ...body, model: 'chrun' });
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toMatchObject({ type: '/problems/unknown-model', detail: expect.stringContaining('churn') });
    expect((await post({ ...body, model: 'churn@9' })).json().type).toBe('/problems/unknown-model-version');
  });

  it('can be pinned, paused, quarantined and retired', async () => {
    await world.haveModel({ sha256: 'b'.repeat(64) });
    expect((await post({ ...body, model: 'churn@2' })).json().modelVersion).toBe(2);
    await world.haveModelEvent(aModelPaused());
    expect((await post(body)).statusCode).toBe(202);
    await world.haveModelEvent(aModelVersionRetired({ version: 2 }));
    expect((await post({ ...body, model: 'churn@2' })).statusCode).toBe(410);
    await world.haveModelEvent(aModelVersionQuarantined());
    const answer = await post(body);
    expect(answer.statusCode).toBe(503);
    expect(answer.headers['retry-after']).toBe('60');
  });

  it('is paused: receipts say why their predictions wait, as long as they do', async () => {
    const key = { 'idempotency-key': 'k-1' };
    expect((await post(body, key)).json()).not.toHaveProperty('heldBy');
    await world.haveModelEvent(aModelPaused());
    expect((await post(body)).json()).toMatchObject({ status: 'queued', heldBy: 'model-paused' });
    expect((await post(body, key)).json()).toMatchObject({ heldBy: 'model-paused' });
    const many = await post({ model: 'churn', items: [{ input: churnInput }, { input: 1 }] }, { prefer: 'wait=30' });
    expect(many.headers).not.toHaveProperty('preference-applied');
    expect(many.json().items).toMatchObject([{ heldBy: 'model-paused' }, { status: 'refused' }]);
    await world.send('POST', '/v1/models/churn/resume');
    expect((await post(body, key)).json()).not.toHaveProperty('heldBy');
  });

  it('has its traffic split as its routing says, sticky by entity', async () => {
    await world.haveModel({ sha256: 'b'.repeat(64) });
    const routing = { champion: 1, canary: [{ version: 2, share: 0.25 }] };
    const moved = await world.send('PUT', '/v1/models/churn/routing', routing, { 'if-match': '"2"' });
    expect(moved.statusCode).toBe(200);
    const versionOf = async (entity: string) => (await post({ ...body, entity })).json().modelVersion as number;
    const versions = await Promise.all(Array.from({ length: 400 }, (_, at) => versionOf(`e-${at}`)));
    const canaries = versions.filter((version) => version === 2).length;
    expect(canaries).toBeGreaterThan(60);
    expect(canaries).toBeLessThan(140);
    const again = await Promise.all(Array.from({ length: 400 }, (_, at) => versionOf(`e-${at}`)));
    expect(again).toEqual(versions);
  });
});

describe('under load or without a log', () => {
  const countedTo = () => Number.POSITIVE_INFINITY;
  it('a request that could not end in time is turned away', async () => {
    await restart({ ports: { backlog: { expectedWaitMs: () => 90_000, open: () => 5, openOf: () => 5, countedTo } } });
    const answer = await post(body);
    expect(answer.json()).toMatchObject({ status: 503, type: '/problems/backlog-too-long' });
    expect(answer.headers['retry-after']).toBe('30');
    expect((await post(body, { 'cancel-after': '2m' })).statusCode).toBe(202);
  });

  it('no more is accepted than may be open, of one model and of all, with the items of the request counted', async () => {
    const openOf = { churn: 3, others: 1 };
    const open = () => openOf.churn + openOf.others;
    const backlog = { expectedWaitMs: () => 0, open, openOf: () => openOf.churn, countedTo };
    await restart({ ports: { backlog }, limits: { openMax: 10 } });
    const items = (count: number) => ({ model: 'churn', items: Array(count).fill({ input: churnInput }) });
    const refused = await post(items(3));
    expect(refused.json()).toMatchObject({
      status: 503,
      type: '/problems/backlog-too-long',
      detail: "3 predictions of 'churn' are open, no more than 5 may be, and this request has 3.",
    });
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect(await world.events()).toEqual([]);
    expect((await post(items(2), { 'idempotency-key': 'k' })).statusCode).toBe(202);
    openOf.churn = 5;
    expect((await post(body)).json()).toMatchObject({ status: 503, type: '/problems/backlog-too-long' });
    const repeat = await post(items(2), { 'idempotency-key': 'k' });
    expect([repeat.statusCode, repeat.headers['idempotency-replayed']]).toEqual([202, 'true']);
    await world.haveModelEvent(aModelPaused());
    expect((await post(body)).json().detail).toBe(
      "5 predictions of 'churn' are open, no more than 5 may be, and this request has 1. 'churn' is paused: its predictions wait until `npx hindcast models resume churn`.",
    );
    expect((await post(items(6))).json()).toMatchObject({ status: 422, errors: [{ pointer: '/items' }] });
    openOf.churn = 0;
    openOf.others = 10;
    expect((await post(body)).json()).toMatchObject({
      detail: '10 predictions are open, no more than 10 may be, and this request has 1.',
    });
  });

  it('nothing is called accepted that is not in the log', async () => {
    const error = new LogError('unavailable', 'disk full at /var/lib');
    await restart({
      log: (log) => ({
        ...log,
        append: async (topic, records) =>
          topic === TOPICS.predictions ? records.map(() => ({ ok: false, error })) : log.append(topic, records),
      }),
    });
    for (const payload of [body, { model: 'churn', items: [{ input: churnInput }] }]) {
      const answer = await post(payload, { 'idempotency-key': 'k' });
      expect(answer.json()).toMatchObject({ status: 503, type: '/problems/log-unavailable' });
      expect(answer.headers['retry-after']).toBe('1');
      expect(answer.body).not.toContain('disk full');
    }
  });
});

it('describes every route, its operation and only statuses that it can answer', async () => {
  const document = (await world.app.inject('/openapi.json')).json();
  expect(document.paths['/predict'].post.description).toContain('classic interface');
  const operations = Object.values(document.paths).flatMap((path) => Object.values(path as object));
  const ids = operations.map(({ operationId }) => operationId);
  expect(new Set(ids).size).toBe(ids.length);
  for (const operation of operations) {
    expect(operation).toMatchObject({
      operationId: expect.any(String),
      summary: expect.any(String),
      tags: [expect.any(String)],
    });
  }
  expect(Object.keys(document.paths)).toEqual(
    expect.arrayContaining([
      '/v1/predictions',
      '/v1/predictions/{id}/cancel',
      '/v1/models/{name}/versions',
      '/predict',
    ]),
  );
});
