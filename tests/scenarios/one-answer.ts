import { expect } from 'vitest';
import { type Answer, type Client, clientOf, modelFile } from './client.ts';
import type { Scenario } from './system.ts';

const shownBy = ({ body, headers }: Answer) => ({ body, etag: headers.get('etag') });

/** Labels and late cancels that the view has folded, so that they could show. */
const disturb = async (client: Client, id: unknown): Promise<void> => {
  const labeled = await client.request('POST', `/v1/predictions/${String(id)}/labels`, { body: { value: 'stayed' } });
  expect(labeled.status).toBe(202);
  await client.get(id, { 'hindcast-position': String(labeled.headers.get('hindcast-position')) });
};

export const oneAnswerForAResult: Scenario = {
  title: 'a result is the same to the letter, with the same ETag, whoever answers it and whatever comes later',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('answering', modelFile('linear'));
    const body = { model: 'answering', input: [1, 2, 3, 4] };
    const key = { 'idempotency-key': 'same' };
    const waited = await client.submit(body, { ...key, prefer: 'wait=20' });
    expect(waited.status).toBe(201);
    const { id } = waited.body;
    const result = shownBy(waited);
    const path = `/v1/predictions/${String(id)}`;
    for (const step of ['right away', 'after a label']) {
      expect([step, shownBy(await client.get(id))]).toEqual([step, result]);
      expect([step, shownBy(await client.submit(body, key))]).toEqual([step, result]);
      expect([step, shownBy(await client.submit(body, { ...key, prefer: 'wait=5' }))]).toEqual([step, result]);
      const listed = await client.request('GET', '/v1/predictions?model=answering');
      expect([step, listed.body['data']]).toEqual([step, [result.body]]);
      const again = await client.get(id, { 'if-none-match': String(result.etag) });
      expect([step, again.status]).toEqual([step, 304]);
      await disturb(client, id);
    }
    const labeled = await client.request('GET', `${path}?include=labels`);
    // The same label said again is no new one.
    expect(labeled.body['labels']).toMatchObject([{ value: 'stayed' }]);
    expect(labeled.body['labels']).toHaveLength(1);
    expect(labeled.headers.get('cache-control')).toBe('private, no-cache');
  },
};

export const oneAnswerForAnId: Scenario = {
  title: 'a prediction under an id of its own, and one that is canceled, are shown alike by every answer',
  async run(start) {
    const system = await start({ workers: false });
    const client = clientOf(system.url);
    await client.addModel('linear', modelFile('linear'));
    const put = () => client.request('PUT', '/v1/predictions/mine', { body: { model: 'linear', input: [1, 2, 3, 4] } });
    expect((await put()).status).toBe(202);
    const cancel = () => client.request('POST', '/v1/predictions/mine/cancel');
    const canceled = await cancel();
    expect(canceled.status).toBe(200);
    await disturb(client, 'mine');
    for (const answer of [await client.get('mine'), await cancel(), await put()]) {
      expect(shownBy(answer)).toEqual(shownBy(canceled));
    }
  },
};

export const oneAnswerForAModel: Scenario = {
  title: 'a model and its versions are shown alike by what changes them and by what reads them',
  async run(start) {
    const client = clientOf((await start()).url);
    const read = async (path: string, { headers }: Answer) => {
      const isThere = async () => (await client.request('GET', path)).headers.get('etag') === headers.get('etag');
      await expect.poll(isThere, { timeout: 10_000 }).toBe(true);
      return shownBy(await client.request('GET', path));
    };
    const first = await client.addModel('changing', modelFile('linear'));
    expect(shownBy(first)).toEqual(await read('/v1/models/changing/versions/1', first));
    expect(shownBy(await client.addModel('changing', modelFile('linear')))).toEqual(shownBy(first));
    const second = await client.addModel('changing', modelFile('linear_no_batch'));
    expect(shownBy(second)).toEqual(await read('/v1/models/changing/versions/2', second));
    const moved = await client.request('PUT', '/v1/models/changing/routing', {
      body: { champion: 2 },
      headers: { 'if-match': String(second.headers.get('etag')) },
    });
    expect(shownBy(moved)).toEqual(await read('/v1/models/changing', moved));
    const paused = await client.request('POST', '/v1/models/changing/pause');
    expect(shownBy(paused)).toEqual(await read('/v1/models/changing', paused));
    const retired = await client.request('DELETE', '/v1/models/changing/versions/1');
    expect(shownBy(retired)).toEqual(await read('/v1/models/changing/versions/1', retired));
  },
};
