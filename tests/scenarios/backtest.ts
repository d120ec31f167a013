import { expect } from 'vitest';
import { type Client, clientOf, modelFile, until } from './client.ts';
import type { Scenario } from './system.ts';
import { endOf, jobEnded } from './verification.ts';

const rows = 200;

export const candidatesAreAskedAboutThePast: Scenario = {
  title: 'a backtest and a shadow say what another version would have answered, and change nothing',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('past', modelFile('linear'));
    const versions = await client.addModel('past', modelFile('linear'), '?description=again');
    expect(versions.status).toBe(201);
    await client.addModel('wide', modelFile('mlp'));
    const ids = await predictMany(client, 0);
    for (const id of ids.slice(0, 20))
      await client.request('POST', `/v1/predictions/${id}/labels`, { body: { value: 1 } });
    const before = await Promise.all(ids.slice(0, 10).map(async (id) => (await client.get(id)).body));

    const wish = { model: 'past@2', slices: ['context.shop', 'version'], to: await endOf(client) };
    const begun = await client.request('POST', '/v1/backtests', { body: wish });
    const done = await jobEnded(client, begun);
    const report = done['report'] as Record<string, unknown>;
    expect(report).toMatchObject({ compared: rows, changed: 0, labelled: 20, refused: 0, rows });
    expect(report['quality']).toMatchObject({ recorded: { n: 20 }, candidate: { n: 20 } });
    expect(report['slices']).toMatchObject([{ slice: 'context.shop', values: [{}, {}] }, { slice: 'version' }]);
    expect((await client.request('POST', '/v1/backtests', { body: wish })).body['id']).toBe(begun.body['id']);

    const place = `/v1/backtests/${String(begun.body['id'])}`;
    const lines = await rowsOf(client, place, '');
    expect(lines.map(({ predictionId }) => predictionId).sort()).toEqual([...ids].sort());
    expect(await rowsOf(client, place, '?from=150&limit=30')).toEqual(lines.slice(150, 180));
    const page = await fetch(`${client.url}${place}/report`);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    expect(await page.text()).toContain('<svg');

    const unlike = { model: 'wide@1', history: 'past', to: wish.to };
    const refused = await jobEnded(client, await client.request('POST', '/v1/backtests', { body: unlike }));
    expect(refused).toMatchObject({ report: { compared: 0, refused: rows } });
    expect((await client.request('POST', '/v1/backtests', { body: { model: 'past' } })).status).toBe(422);

    const shadow = await client.request('POST', '/v1/backtests', { body: { model: 'past@2', shadow: true } });
    const job = `/v1/jobs/${String(shadow.body['id'])}`;
    await predictMany(client, rows);
    await until('the shadow has seen them', async () => {
      const { body } = await client.request('GET', job);
      return String((body['progress'] as { detail?: string } | undefined)?.detail).startsWith(`${rows} compared`);
    });
    expect((await client.request('POST', `${job}/cancel`)).status).toBe(200);

    expect(await Promise.all(ids.slice(0, 10).map(async (id) => (await client.get(id)).body))).toEqual(before);
  },
};

const predictMany = async (client: Client, seed: number): Promise<readonly string[]> => {
  const items = Array.from({ length: rows }, (_, at) => ({
    input: [seed + at, 1, 2, 3],
    context: { shop: at % 2 === 0 ? 'north' : 'south' },
  }));
  const { body } = await client.submit({ model: 'past@1', items });
  const ids = (body['items'] as { id: string }[]).map(({ id }) => id);
  await Promise.all(ids.map((id) => client.ended(id)));
  return ids;
};

const rowsOf = async (client: Client, place: string, query: string): Promise<Record<string, unknown>[]> => {
  const answer = await fetch(`${client.url}${place}/rows${query}`);
  expect(answer.headers.get('content-type')).toContain('application/x-ndjson');
  const lines = (await answer.text()).split('\n').filter((line) => line !== '');
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
};
