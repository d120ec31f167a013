import { Readable } from 'node:stream';
import { evolvePrediction, isEnded, type PredictionState, unknownPrediction } from '@hindcast/domain';
import { aPredictionExpired, aPredictionLabeled } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from '../testing/command-world.ts';
import { failingAppends } from '../testing/failing-appends.ts';

let world: CommandWorld;
const textOf = (lines: readonly (object | string)[]) =>
  lines.map((line) => `${typeof line === 'string' ? line : JSON.stringify(line)}\n`).join('');
const send = async (payload: Readable | string, query = '?source=legacy&model=churn&modelVersion=3') => {
  const headers = { 'content-type': 'application/x-ndjson' };
  const answer = await world.send('POST', `/v1/imports${query}`, payload, headers);
  expect(answer.statusCode).toBe(200);
  return answer.body.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line)]));
};
const upload = async (lines: readonly (object | string)[], query?: string) => {
  const told = await send(textOf(lines), query);
  expect(told.map(({ line }) => line)).toEqual(lines.map((_, at) => at + 1));
  return told;
};
const seen = async (told: readonly { position?: string }[]) => {
  for (const { position } of told) if (position !== undefined) await world.seen(position);
};
/** What the one judge makes of the log. */
const states = async (): Promise<ReadonlyMap<string, PredictionState>> => {
  const folded = new Map<string, PredictionState>();
  for (const [offset, event] of (await world.events()).entries()) {
    const before = folded.get(event.subject) ?? unknownPrediction;
    folded.set(event.subject, evolvePrediction(before, { event, offset, appendedAt: offset }).state);
  }
  return folded;
};
const row = { input: churnInput, output: { probability: 0.75 }, eventTime: '2025-03-01T12:00:00Z' };

beforeEach(async () => {
  world = await createCommandWorld();
});
afterEach(() => world.close());

describe('an import', () => {
  it('refuses a row whose input would lose digits, as a live prediction would', async () => {
    const large = JSON.stringify(row).replace('"visits":3', '"visits":9007199254740993');
    const told = await upload([large, row]);
    expect(told).toMatchObject([
      { status: 'refused', error: { detail: expect.stringContaining('9007199254740993') } },
      { status: 'imported' },
    ]);
  });

  it('is a prediction that has ended, with what the row says and nothing that it does not', async () => {
    const rich = {
      ...{ ...row, id: 'old-1', entity: 'customer-17', referenceId: 'order-1', context: { campaign: 'spring' } },
      ...{ predictedAt: '2025-03-01T12:00:01Z', modelSha256: 'ab'.repeat(32), modelVersion: 7 },
      label: { value: 'yes', occurredAt: '2025-04-01T00:00:00Z', source: 'billing', weight: 2 },
    };
    const told = await upload([rich, row]);
    expect(told).toMatchObject([{ status: 'imported', id: 'old-1' }, { status: 'imported' }]);
    expect((await states()).get('old-1')).toMatchObject({
      ...{ status: 'succeeded', attempts: 0, output: { probability: 0.75 }, provenance: undefined },
      ...{ queuedMs: undefined, inferenceMs: undefined, ignored: 0 },
      request: {
        ...{ model: 'churn', version: 7, sha256: 'ab'.repeat(32), role: 'imported', eventTime: row.eventTime },
        ...{ entity: 'customer-17', referenceId: 'order-1' },
        imported: { source: 'legacy', at: '2025-03-01T12:00:01Z' },
      },
      labels: [rich.label],
    });
    expect((await states()).get(told[1].id)).toMatchObject({
      request: { version: 3, sha256: '0'.repeat(64), imported: { at: row.eventTime } },
    });
    const [request] = await world.events();
    expect(request).toMatchObject({ type: 'PredictionRequested', data: { input: churnInput, context: rich.context } });
  });

  it('is shown as such, and can be labeled', async () => {
    const told = await upload([{ ...row, id: 'old-1' }]);
    await seen(told);
    const canceled = await world.send('POST', '/v1/predictions/old-1/cancel');
    expect(canceled.json()).toMatchObject({ type: '/problems/prediction-ended' });
    const labeled = await world.send('POST', '/v1/labels', { id: 'old-1', value: 'no' });
    expect(labeled.json()).toMatchObject({ status: 'applied' });
  });

  it('puts its events into the log in one piece and in order, so that nobody can come between', async () => {
    await world.close();
    const appends: string[][] = [];
    world = await createCommandWorld({
      log: (log) => ({
        ...log,
        append(topic, records) {
          appends.push(records.map(({ event }) => `${event?.subject} ${event?.type}`));
          return log.append(topic, records);
        },
      }),
    });
    await upload([
      { ...row, id: 'a', label: { value: true } },
      { ...row, id: 'b' },
    ]);
    expect(appends).toEqual([
      [
        'a PredictionRequested',
        'a PredictionSucceeded',
        'a PredictionLabeled',
        'b PredictionRequested',
        'b PredictionSucceeded',
      ],
    ]);
  });

  it('again changes nothing, whether or not the view knows it, and a label may come later', async () => {
    const first = await upload([row, row, { ...row, eventTime: '2025-03-02T12:00:00Z' }]);
    expect(first.map(({ status }) => status)).toEqual(['imported', 'repeated', 'imported']);
    expect(first[1].id).toBe(first[0].id);
    world.holdViews();
    await upload([row]);
    const before = await states();
    world.releaseViews();
    await seen(first);
    const events = (await world.events()).length;
    for (const query of [undefined, '?model=churn&modelVersion=3&source=other'])
      expect((await upload([row], query)).map(({ status }) => status)).toEqual(['repeated']);
    expect(await world.events()).toHaveLength(events);
    const labeled = await upload([{ ...row, label: { value: 'yes' } }]);
    expect(labeled).toMatchObject([{ status: 'labeled', id: first[0].id }]);
    await seen(labeled);
    expect((await upload([{ ...row, label: { value: 'yes' } }]))[0].status).toBe('repeated');
    const after = (await states()).get(first[0].id);
    expect(after).toMatchObject({ status: 'succeeded', labels: [{ value: 'yes' }] });
    expect(before.size).toBe(2);
  });

  it('answers rows of one prediction in one request as in one after the other', async () => {
    const said = (id: string, value?: string) => ({ ...row, id, ...(value && { label: { value } }) });
    const rowsOf = (id: string) => [said(id, 'no'), said(id, 'yes'), said(id, 'yes'), said(id, 'no'), said(id)];
    const oneByOne: object[] = [];
    for (const one of rowsOf('a')) {
      const told = await upload([one]);
      await seen(told);
      oneByOne.push(...told);
    }
    const atOnce = await upload([...rowsOf('b'), said('c'), said('c', 'no')]);
    const statuses = (told: readonly { status?: string }[]) => told.map(({ status }) => status);
    expect(statuses(oneByOne)).toEqual(['imported', 'labeled', 'repeated', 'repeated', 'repeated']);
    expect(statuses(atOnce)).toEqual([...statuses(oneByOne), 'imported', 'labeled']);
    const folded = await states();
    for (const id of ['a', 'b']) expect(folded.get(id)?.labels).toMatchObject([{ value: 'no' }, { value: 'yes' }]);
    expect([...folded.values()].map(({ ignored }) => ignored)).toEqual([0, 0, 0]);
    await seen(atOnce);
    expect(statuses(await upload([said('b', 'perhaps'), said('b', 'yes'), said('b', 'perhaps')]))).toEqual([
      ...['labeled', 'repeated', 'repeated'],
    ]);
  });

  it('does not bring back a label that was corrected since', async () => {
    const told = await upload([{ ...row, id: 'a', label: { value: 'yes' } }]);
    await seen(told);
    const [outcome] = await world.appendEvent(aPredictionLabeled({ id: 'a', eventId: 'correction', value: 'no' }));
    await world.seen(outcome?.ok && `0:${outcome.position.partition}:${outcome.position.offset}`);
    expect((await upload([{ ...row, id: 'a', label: { value: 'yes' } }]))[0].status).toBe('repeated');
  });

  it('under an id that has another content is refused', async () => {
    const told = await upload([
      { ...row, id: 'a' },
      { ...row, id: 'a', output: { probability: 0.1 } },
    ]);
    expect(told[1]).toMatchObject({ status: 'refused', error: { type: '/problems/idempotency-key-reused' } });
    await seen(told);
    await world.haveModel();
    const submitted = await world.send('PUT', '/v1/predictions/own', { model: 'churn', input: churnInput });
    await world.seen(submitted.headers['hindcast-position']);
    const again = await upload([
      { ...row, id: 'a', output: { probability: 0.2 } },
      { ...row, id: 'own' },
    ]);
    expect(again.map(({ status }) => status)).toEqual(['refused', 'refused']);
  });

  it('that broke off before its end is completed, unless it has expired', async () => {
    await world.close();
    let failing = true;
    world = await createCommandWorld({
      log: (log) => ({
        ...log,
        async append(topic, records) {
          if (!failing) return log.append(topic, records);
          const outcomes = await log.append(topic, records.slice(0, 1));
          const error = Object.assign(new Error('The broker is gone.'), { code: 'unavailable' });
          return [...outcomes, ...records.slice(1).map(() => ({ ok: false, error }) as never)];
        },
      }),
    });
    const refused = [...(await upload([{ ...row, id: 'a' }])), ...(await upload([{ ...row, id: 'b' }]))];
    expect(refused.map(({ status }) => status)).toEqual(['refused', 'refused']);
    failing = false;
    const cause = (await world.events()).find(({ subject }) => subject === 'b')?.id ?? '';
    const [expired] = await world.appendEvent(aPredictionExpired({ id: 'b', cause }));
    await world.seen(expired?.ok && `0:${expired.position.partition}:${expired.position.offset}`);
    for (const id of ['a', 'b']) {
      while ((await world.ports.views.prediction(`default/${id}`)) === undefined) await Promise.resolve();
    }
    const told = await upload([
      { ...row, id: 'a' },
      { ...row, id: 'b' },
    ]);
    expect(told).toMatchObject([
      { status: 'imported' },
      { status: 'refused', error: { type: '/problems/prediction-ended' } },
    ]);
    expect((await states()).get('a')).toMatchObject({ status: 'succeeded', ignored: 0 });
  });

  it.each(failingAppends)(
    'of which the log %s rows calls none of them repeated that comes again',
    async (_, failed) => {
      await world.close();
      let appends = 0;
      world = await createCommandWorld({
        log: (log) => ({
          ...log,
          append: (topic, records) => (++appends === 2 ? failed(topic, records) : log.append(topic, records)),
        }),
      });
      const said = (id: string, value?: string) => ({ ...row, id, ...(value && { label: { value } }) });
      const pieces = [
        [said('a', 'no')],
        [said('a', 'yes'), said('a', 'yes'), said('b'), said('b'), said('b', 'no')],
        [said('a', 'yes'), said('a'), said('b'), said('b', 'no'), said('b')],
      ];
      const paced = async function* () {
        for (const [at, lines] of pieces.entries()) {
          await expect.poll(() => appends).toBe(at);
          yield textOf(lines);
        }
      };
      world.holdViews();
      const statuses = (await send(Readable.from(paced()))).map(({ status }) => status);
      expect(statuses).toEqual([
        ...['imported', 'refused', 'refused', 'refused', 'refused', 'refused'],
        ...['labeled', 'repeated', 'imported', 'labeled', 'repeated'],
      ]);
      const folded = await states();
      expect(folded.get('a')).toMatchObject({ ignored: 0, labels: [{ value: 'no' }, { value: 'yes' }] });
      expect(folded.get('b')).toMatchObject({ ignored: 0, labels: [{ value: 'no' }] });
    },
  );

  it('keeps what is too large for an event in the artifact store', async () => {
    const large = { ...row, id: 'a', input: { text: 'x'.repeat(300_000) }, output: { text: 'y'.repeat(300_000) } };
    await upload([large]);
    const [request, result] = await world.events();
    expect(request?.data).toMatchObject({ inputRef: { bytes: 300_011 } });
    expect(result?.data).toMatchObject({ outputRef: { bytes: 300_011 } });
    expect(request?.data).not.toHaveProperty('input');
  });

  it.each([
    ['names no model', { model: undefined }, '?modelVersion=1', ['/model']],
    ['names no version', { model: 'churn' }, '', ['/modelVersion']],
    ['has no time', { eventTime: undefined }, undefined, ['/eventTime']],
    ['has a time that is none', { eventTime: 'last spring' }, undefined, ['/eventTime']],
    ['has no output', { output: undefined }, undefined, ['/output']],
    ['has no input', { input: undefined }, undefined, ['/input']],
    ['has a member that is not known', { outputs: 1 }, undefined, ['/outputs']],
    ['has a large context', { context: { text: 'x'.repeat(70_000) } }, undefined, ['/context']],
    ['has a label without a value', { label: { source: 'billing' } }, undefined, ['/label/value']],
    [
      'has next to nothing',
      { output: undefined, eventTime: undefined },
      '',
      ['/output', '/model', '/modelVersion', '/eventTime'],
    ],
  ])('that %s is refused alone, and says where, in all places', async (_, wrong, query, pointers) => {
    const told = await upload(
      [
        { ...row, ...wrong },
        { ...row, model: 'churn', modelVersion: 1 },
      ],
      query,
    );
    expect(told.map(({ status }) => status)).toEqual(['refused', 'imported']);
    expect(told[0].error).toMatchObject({
      type: '/problems/invalid-body',
      errors: pointers.map((pointer) => ({ pointer })),
    });
    expect([...(await states()).values()].map(isEnded)).toEqual([true]);
  });

  it('is NDJSON', async () => {
    const answer = await world.send('POST', '/v1/imports', row);
    expect(answer.statusCode).toBe(415);
    expect((await upload(['{"input":', row])).map(({ status }) => status)).toEqual(['refused', 'imported']);
  });
});
