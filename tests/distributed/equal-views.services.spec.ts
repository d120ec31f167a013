import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { defaultConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { describe, expect, inject, it } from 'vitest';
import { type Answer, clientOf, modelFile, until } from '../scenarios/client.ts';
import { allOf, startCluster, twoOfEach } from './cluster.ts';

const row = (at: number) => [at, 1, 2, 3];
const model = 'linear';
/** On two cores of its own it takes a quarter of a minute. */
const runMsMax = 600_000;
const each = <T>(count: number, use: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => use(at)));

/** The same commands on every system, under names of their own: what they come to depends on no clock and no id. */
const command = async (url: string): Promise<void> => {
  const { request, submit, addModel, ended } = clientOf(url);
  const expectStatus = async (asked: Promise<Answer>, status: number) => {
    const answer = await asked;
    expect(answer.status, JSON.stringify(answer.body)).toBe(status);
    return answer;
  };
  const put = (id: string, body: object, headers = {}) =>
    expectStatus(request('PUT', `/v1/predictions/${id}`, { body: { model, ...body }, headers }), 202);
  const post = (path: string, status: number, body?: object) =>
    expectStatus(request('POST', path, body === undefined ? {} : { body }), status);
  const label = (id: string, value: unknown) => post(`/v1/predictions/${id}/labels`, 202, { value });

  await expectStatus(addModel(model, modelFile('linear')), 201);
  await each(20, (at) =>
    put(`plain-${at}`, { input: row(at), entity: `customer-${at % 3}`, referenceId: `order-${at}` }),
  );
  await each(20, (at) => ended(`plain-${at}`));
  const first = { model, input: row(0), entity: 'customer-0', referenceId: 'order-0' };
  await expectStatus(request('PUT', '/v1/predictions/plain-0', { body: first }), 201);
  await expectStatus(request('PUT', '/v1/predictions/plain-0', { body: { ...first, input: row(1) } }), 422);
  await each(5, (at) => label(`plain-${at}`, at % 2 === 0));
  await label('plain-0', 'corrected');

  await post(`/v1/models/${model}/pause`, 200);
  await each(6, (at) => put(`held-${at}`, { input: row(at) }));
  await each(3, (at) => post(`/v1/predictions/held-${at}/cancel`, 200, { reason: 'not needed' }));
  await each(2, (at) => put(`late-${at}`, { input: row(at) }, { 'cancel-after': '500ms' }));
  await each(2, (at) => ended(`late-${at}`));
  await post(`/v1/models/${model}/resume`, 200);
  await each(3, (at) => ended(`held-${at + 3}`));
  await post('/v1/predictions/held-5/cancel', 409);

  const key = (name: string) => ({ 'idempotency-key': name });
  const items = [{ input: row(1) }, { input: ['bad'] }, { input: row(2), referenceId: 'third' }];
  const batch = await expectStatus(submit({ model, items }, key('batch')), 202);
  await expectStatus(submit({ model, items: items.slice(1) }, key('batch')), 422);
  const single = await expectStatus(submit({ model, input: row(7) }, key('single')), 202);
  await expectStatus(submit({ model, input: row(8) }, key('single')), 422);
  for (const { id } of batch.body['items'] as readonly { id?: string }[]) if (id) await ended(id);
  await ended(single.body['id']);

  await expectStatus(addModel(model, modelFile('linear'), '?metadata={"description":"The same again"}'), 201);
  await until('the second version is champion', async () => {
    const { headers } = await request('GET', `/v1/models/${model}`);
    const ifMatch = { 'if-match': String(headers.get('etag')) };
    const moved = await request('PUT', `/v1/models/${model}/routing`, { body: { champion: 2 }, headers: ifMatch });
    return moved.status === 200;
  });
  await put('second', { input: row(1) });
  await put('pinned', { model: `${model}@1`, input: row(1) });
  for (const id of ['second', 'pinned']) await ended(id);
};

/** A run of more than a second is told of, and counted, while it is under way: that too is a matter of time. */
const placesAndTimes = new Set([
  ...['attempts', 'curl'],
  ...['createdAt', 'endedAt', 'at', 'timings', 'position', 'hour', 'since', 'until', 'registeredAt', 'time', 'eventId'],
  ...['meanQueuedMs', 'meanInferenceMs', 'estimatedDurationMs', 'traceId', 'nextCursor'],
]);

const withoutPlacesAndTimes = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withoutPlacesAndTimes);
  if (typeof value !== 'object' || value === null) return value;
  const kept = Object.entries(value).filter(([name]) => !placesAndTimes.has(name));
  return Object.fromEntries(kept.map(([name, inner]) => [name, withoutPlacesAndTimes(inner)]));
};

const read = async (url: string) => {
  const { request } = clientOf(url);
  await until('the views have folded the log', async () => {
    const { body } = await request('GET', '/v1/projections');
    return (body['data'] as { lag: number }[]).every(({ lag }) => lag === 0);
  });
  const { body } = await request('GET', `/v1/predictions?model=${model}&limit=1000&include=labels`);
  const listed = (body['data'] as { id: string }[]).sort((a, b) => (a.id < b.id ? -1 : 1));
  const histories = [];
  for (const { id } of listed) {
    const history = await request('GET', `/v1/predictions/${id}/events`);
    const types = (history.body['data'] as { type: string }[]).map(({ type }) => type);
    histories.push([id, types.filter((type) => type !== 'PredictionAttemptStarted')]);
  }
  const stats = (await request('GET', `/v1/stats?model=${model}&groupBy=version`)).body['data'];
  const models = (await request('GET', '/v1/models/linear')).body;
  return { listed, histories, stats, models };
};

/** Commands that fall into two hours of the log would be counted in two rows of the statistics. */
const withoutHours = (stats: unknown): unknown => {
  const sums: Record<string, Record<string, number>> = {};
  for (const { version, ...counts } of stats as readonly Record<string, number>[]) {
    const sum = sums[`v${version}`] ?? {};
    sums[`v${version}`] = sum;
    for (const [name, count] of Object.entries(counts))
      if (typeof count === 'number') sum[name] = (sum[name] ?? 0) + count;
  }
  return sums;
};

const viewsOf = async (url: string) => {
  await command(url);
  const { stats, ...views } = await read(url);
  return withoutPlacesAndTimes({ ...views, stats: withoutHours(withoutPlacesAndTimes(stats)) });
};

describe('the same commands', () => {
  it('come to the same views embedded and distributed', { timeout: runMsMax }, async () => {
    const data = await mkdtemp(join(tmpdir(), 'hindcast-equal-'));
    const embedded = await startHindcast({ ...defaultConfig, port: 0, data }, pino({ level: 'warn' }));
    const cluster = await startCluster({ services: allOf(inject('services')), sizes: twoOfEach });
    try {
      const ofEmbedded = await viewsOf(embedded.url);
      expect(await viewsOf(cluster.url)).toEqual(ofEmbedded);
      expect((ofEmbedded as { listed: unknown[] }).listed).toHaveLength(33);
    } finally {
      await embedded.stop();
      await cluster.stop();
      await rm(data, { recursive: true, force: true });
    }
  });
});
