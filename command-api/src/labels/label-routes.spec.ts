import { Readable } from 'node:stream';
import { nodeIdentity } from '@hindcast/adapters/node';
import { aLabelReported } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, churnSignature, createCommandWorld } from '../testing/command-world.ts';
import { failingAppends } from '../testing/failing-appends.ts';

let world: CommandWorld;
const accepted = async (more: object = {}): Promise<string> => {
  const answer = await world.send('POST', '/v1/predictions', { model: 'churn', input: churnInput, ...more });
  await world.seen(answer.headers['hindcast-position']);
  return answer.json().id;
};
const label = (payload: object, headers: object = {}) => world.send('POST', '/v1/labels', payload, headers);
const upload = async (lines: readonly (object | string)[], headers: object = {}) => {
  const payload = lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
  const answer = await world.send('POST', '/v1/labels', payload, {
    'content-type': 'application/x-ndjson',
    ...headers,
  });
  expect(answer.statusCode).toBe(200);
  return answer.body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
};
const ofType = async (type: string) => (await world.events()).filter((event) => (event.type as string) === type);

beforeEach(async () => {
  world = await createCommandWorld();
  await world.haveModel();
});
afterEach(() => world.close());

describe('a label', () => {
  it('is given to the prediction with its id, or waits for it in its own place', async () => {
    const id = await accepted();
    const answer = await label({ id, value: 'yes', weight: 2 });
    expect(answer.statusCode).toBe(202);
    expect(answer.json()).toMatchObject({ status: 'applied', predictions: [id], position: expect.any(String) });
    const parked = await label({ id: 'not-yet', value: 'no' });
    expect(parked.json()).toMatchObject({ status: 'parked', predictions: ['not-yet'] });
    const labels = (await ofType('PredictionLabeled')).map(({ subject, data }) => [subject, data]);
    expect(Object.fromEntries(labels)).toEqual({ [id]: { value: 'yes', weight: 2 }, 'not-yet': { value: 'no' } });
  });

  it('of a referenceId is given to all predictions that have it, or to the newest', async () => {
    const ids = [await accepted({ referenceId: 'r' }), await accepted({ referenceId: 'r' })];
    const all = (await label({ referenceId: 'r', value: true })).json();
    expect(all.status).toBe('applied');
    expect([...all.predictions].sort()).toEqual([...ids].sort());
    expect((await label({ referenceId: 'r', value: false, match: 'latest' })).json().predictions).toEqual([ids[1]]);
    expect((await label({ referenceId: 'r', value: false, model: 'iris' })).json().status).toBe('parked');
  });

  it('of an entity is given to its predictions in the window, by event time or else by accept', async () => {
    const march = await accepted({ entity: 'e', eventTime: '2026-03-10T00:00:00Z' });
    await accepted({ entity: 'e', eventTime: '2026-04-10T00:00:00Z' });
    const now = await accepted({ entity: 'e' });
    const window = { from: '2026-03-01T00:00:00Z', to: '2026-04-01T00:00:00Z' };
    expect((await label({ entity: 'e', ...window, value: 1 })).json().predictions).toEqual([march]);
    const today = new Date(nodeIdentity.now() - 60_000).toISOString();
    const tomorrow = new Date(nodeIdentity.now() + 60_000).toISOString();
    expect((await label({ entity: 'e', from: today, to: tomorrow, value: 1 })).json().predictions).toEqual([now]);
  });

  it('that fits no prediction is parked under its address, with all that was said', async () => {
    const said = {
      entity: 'e',
      from: '2026-03-01T00:00:00Z',
      model: 'churn',
      value: 4.5,
      source: 'billing',
      weight: 2,
    };
    expect((await label({ ...said, match: 'latest' })).json()).toMatchObject({ status: 'parked', predictions: [] });
    expect(await ofType('LabelReported')).toMatchObject([{ subject: '@entity:e', data: said }]);
  });

  it('goes behind those that wait at its address, though there is a prediction by now', async () => {
    await accepted({ referenceId: 'r' });
    const waiting = aLabelReported({ referenceId: 'r' });
    const state = { waiting: [{ eventId: 'r-1', report: waiting.data as never, offset: 1, at: 1 }], matched: [] };
    const labels = { key: 'default/@reference:r', tenant: 'default', address: '@reference:r', epoch: 0, partition: 0 };
    await world.database.labelsStore(1).save([{ doc: { ...labels, pos: 1, state }, base: undefined }]);
    expect((await label({ referenceId: 'r', value: false })).json()).toMatchObject({ status: 'parked' });
  });

  it('that would be one too many to wait is refused, also while the view does not know of the others', async () => {
    world.holdViews();
    const window = (at: number) => ({ entity: 'e', model: `m-${at}`, value: at });
    const lines = [...Array.from({ length: 70 }, (_, at) => window(at)), { ...window(3), value: 'corrected' }];
    const statuses = (await upload(lines)).map(({ status }) => status);
    expect(statuses).toEqual([...Array(64).fill('parked'), ...Array(6).fill('refused'), 'parked']);
    const corrections = Array.from({ length: 70 }, (_, value) => ({ referenceId: 'r', value }));
    expect(new Set((await upload(corrections)).map(({ status }) => status))).toEqual(new Set(['parked']));
  });

  it('that fits too many predictions is given to none', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { labelMatchesMax: 1 } });
    await world.haveModel();
    for (let i = 0; i < 2; i++) await accepted({ referenceId: 'r' });
    expect((await label({ referenceId: 'r', value: 1 })).json()).toMatchObject({
      ...{ status: 422, type: '/problems/too-many-matches' },
    });
    expect((await label({ referenceId: 'r', value: 1, match: 'latest' })).statusCode).toBe(202);
    expect(await ofType('PredictionLabeled')).toHaveLength(1);
  });

  it.each([
    ['names nothing', { value: 1 }, ['']],
    ['names two things', { id: 'a', entity: 'b', value: 1 }, ['']],
    ['has a window but no entity', { id: 'a', from: '2026-03-01T00:00:00Z', value: 1 }, ['/from']],
    [
      'has a window that ends first',
      { entity: 'a', from: '2026-03-02T00:00:00Z', to: '2026-03-01T00:00:00Z', value: 1 },
      ['/to'],
    ],
    ['has no value', { id: 'a' }, ['/value']],
    ['has an unknown member', { id: 'a', value: 1, vlaue: 1 }, ['/vlaue']],
    ['has all of that', { id: 'a', referenceId: 'b', from: 1, model: 'churn' }, ['/value', '/from', '', '/model']],
  ])('that %s is refused, for all of it', async (_, payload, pointers) => {
    const answer = await label(payload);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(pointers);
  });

  it('that is too long is refused as that, in every way to send one', async () => {
    const value = 'x'.repeat(1_025);
    const detail = '/value: Expected a text of at most 1024 characters.';
    const id = await accepted({});
    const direct = await world.send('POST', `/v1/predictions/${id}/labels`, { value });
    expect([(await label({ id, value })).json(), direct.json()]).toMatchObject([{ detail }, { detail }]);
    expect(await upload([{ id, value }])).toMatchObject([{ status: 'refused', error: { detail } }]);
  });

  it.each(failingAppends)(
    'that the log %s waits nowhere: the next one of its address has nothing to wait behind',
    async (_, failed) => {
      await world.close();
      let appends = 0;
      world = await createCommandWorld({
        log: (log) => ({
          ...log,
          append: (topic, records) =>
            records.some(({ key }) => key.includes('@')) && ++appends === 1
              ? failed(topic, records)
              : log.append(topic, records),
        }),
      });
      await world.haveModel();
      const line = (more: object) => `${JSON.stringify({ referenceId: 'r', value: 'yes', ...more })}\n`;
      const filling = Array.from({ length: 64 }, (_, at) => line({ model: `m-${at}` })).join('');
      let ids: readonly string[] = [];
      const paced = async function* () {
        yield filling;
        await expect.poll(() => appends).toBe(1);
        ids = [await accepted({ referenceId: 'r' }), await accepted({ referenceId: 'r' })];
        yield line({}) + line({ model: 'm-64' });
      };
      const headers = { 'content-type': 'application/x-ndjson' };
      const answer = await world.send('POST', '/v1/labels', Readable.from(paced()), headers);
      const told = answer.body.split('\n').flatMap((one) => (one === '' ? [] : [JSON.parse(one)]));
      expect(new Set(told.slice(0, 64).map(({ status }) => status))).toEqual(new Set(['refused']));
      expect(told.slice(64).map(({ status }) => status)).toEqual(['applied', 'parked']);
      expect([...told[64].predictions].sort()).toEqual([...ids].sort());
    },
  );

  it.each([
    [0, 'setosa', false],
    [2, 'virginica', false],
    [3, 'none', true],
    [true, 'none', true],
  ])('%j of a model that answers the number of a class means %s', async (value, _, warned) => {
    const outputs = [{ name: 'label', datatype: 'int64' as const, shape: [null] }];
    await world.haveModel({
      signature: { ...churnSignature, outputs, classes: ['setosa', 'versicolor', 'virginica'] },
    });
    const { warnings = [] } = (await label({ id: await accepted({ model: 'churn@2' }), value })).json();
    expect(warnings).toHaveLength(Number(warned));
  });

  it.each([
    ['yes', false],
    [true, false],
    [0, false],
    [null, false],
    ['Yes', true],
    [2, true],
  ])('%j of a model with the classes no and yes is kept, with a warning: %j', async (value, warned) => {
    await world.haveModel({ signature: { ...churnSignature, classes: ['no', 'yes'] } });
    const id = await accepted({ referenceId: 'r', model: 'churn@2' });
    const other = await accepted({ model: 'churn@1' });
    const detail = `${JSON.stringify(value)} is none of the classes of churn@2: no, yes. The label is kept.`;
    const told = warned ? [{ code: 'unknown_class', detail }] : undefined;
    const single = (await label({ id, value })).json();
    const direct = (await world.send('POST', `/v1/predictions/${id}/labels`, { value })).json();
    // What waits is of no model yet, and a version without classes takes any value.
    const lines = await upload([
      { referenceId: 'r', value },
      { id: 'not-yet', value },
      { id: other, value },
    ]);
    expect([single, direct, ...lines].map(({ warnings }) => warnings)).toEqual([
      told,
      told,
      told,
      undefined,
      undefined,
    ]);
    expect([single, ...lines].map(({ status }) => status)).toEqual(['applied', 'applied', 'parked', 'applied']);
    expect((await ofType('PredictionLabeled')).map(({ data }) => data)).toEqual(Array(5).fill({ value }));
  });

  it('whose number would lose digits is refused, in every way to send one', async () => {
    const id = await accepted();
    const value = '9007199254740993';
    const error = { type: '/problems/malformed-request', detail: expect.stringContaining(value) };
    expect((await world.send('POST', '/v1/labels', `{"id":"${id}","value":${value}}`)).json()).toMatchObject(error);
    expect((await world.send('POST', `/v1/predictions/${id}/labels`, `{"value":${value}}`)).json()).toMatchObject(
      error,
    );
    expect(await upload([`{"id":"${id}","value":${value}}`])).toMatchObject([{ status: 'refused', error }]);
    expect((await label({ id, value })).statusCode).toBe(202);
  });

  it('with a key is the same event when it comes again', async () => {
    const id = await accepted({ referenceId: 'r' });
    for (let i = 0; i < 2; i++) await label({ referenceId: 'r', value: true }, { 'idempotency-key': 'k' });
    await label({ referenceId: 'r', value: false }, { 'idempotency-key': 'k-2' });
    const again = await label({ referenceId: 'r', value: true }, { 'idempotency-key': 'k' });
    await world.seen(again.headers['hindcast-position']);
    const labels = await ofType('PredictionLabeled');
    expect(labels).toHaveLength(4);
    expect(new Set(labels.map((event) => event.id)).size).toBe(2);
    const doc = await world.ports.views.prediction(`default/${id}`);
    expect(doc?.state.labels.map(({ value, revision }) => [value, revision])).toEqual([
      [true, 1],
      [false, 2],
    ]);
  });
});

describe('an upload of labels', () => {
  it('answers each line, and a bad one is refused alone', async () => {
    const id = await accepted({ referenceId: 'r' });
    const answers = await upload([
      { id, value: 1 },
      '{"id":"a"',
      '',
      { referenceId: 'x', value: 1 },
      { referenceId: 'r', value: 2 },
      { referenceId: 'x', value: 2 },
      { value: 1 },
    ]);
    expect(answers.map(({ line, status }) => [line, status])).toEqual([
      [1, 'applied'],
      [2, 'refused'],
      [4, 'parked'],
      [5, 'applied'],
      [6, 'parked'],
      [7, 'refused'],
    ]);
    expect(answers[1].error).toMatchObject({ type: '/problems/malformed-request' });
    expect((await ofType('LabelReported')).map(({ data }) => (data as { value?: unknown }).value)).toEqual([1, 2]);
  });

  it('is bounded by line, by lines and by bytes', async () => {
    await world.close();
    world = await createCommandWorld({ limits: { labelLineBytesMax: 64, uploadLinesMax: 3, uploadBytesMax: 400 } });
    const [line, long] = [1, 'x'.repeat(100)].map((value) => ({ id: 'a', value })) as [object, object];
    const statuses = (answers: readonly { line: number; status: string }[]) =>
      answers.map(({ line: at, status }) => `${at} ${status}`);
    expect(statuses(await upload([line, long, line]))).toEqual(['1 parked', '2 refused', '3 parked']);
    expect(statuses(await upload([line, line, line, line]))).toEqual(['1 parked', '2 parked', '3 parked', '4 refused']);
    const large = await upload([long, long, long, long, line]);
    expect(large.at(-1)).toMatchObject({ status: 'refused', error: { type: '/problems/body-too-large' } });
  });

  it('tells of a log that takes nothing, line by line', async () => {
    await world.close();
    world = await createCommandWorld({
      log: (log) => ({ ...log, append: () => Promise.reject(new Error('disk full')) }),
    });
    const [answer] = await upload([{ id: 'a', value: 1 }]);
    expect(answer).toMatchObject({ line: 1, status: 'refused', error: { status: 500 } });
  });

  it('twice makes no second revision', async () => {
    const ids = [await accepted(), await accepted()];
    const lines = ids.map((id) => ({ id, value: true }));
    await upload(lines);
    const answers = await upload(lines);
    for (const { position } of answers) await world.seen(position);
    for (const id of ids) expect((await world.ports.views.prediction(`default/${id}`))?.state.labels).toHaveLength(1);
  });
});
