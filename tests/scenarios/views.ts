import { expect } from 'vitest';
import { type Answer, clientOf, modelFile, until } from './client.ts';
import { dumpLog, foldRaw, isRequestOf, statusOf } from './log-dump.ts';
import type { Scenario } from './system.ts';

export const rebuildEqualsLive: Scenario = {
  title: 'a rebuilt view equals the live one, and reads go on while it is swapped and swapped back',
  async run(start) {
    const client = clientOf((await start()).url);
    await client.addModel('linear', modelFile('linear'));
    const submitted = await client.submit({
      model: 'linear',
      items: Array.from({ length: 500 }, (_, at) => ({ input: [at, 0, 0, 0] })),
    });
    const ids = (submitted.body['items'] as { id: string }[]).map(({ id }) => id);
    await Promise.all(ids.map((id) => client.ended(id)));
    for (const [at, id] of ids.slice(0, 20).entries()) {
      await client.request('POST', '/v1/labels', { body: { id, value: at } });
      await client.request('POST', '/v1/labels', { body: { id, value: at / 2 } });
    }
    await client.request('POST', '/v1/labels', { body: { referenceId: 'nobody', value: 1 } });
    const before = await Promise.all(ids.map(async (id) => (await client.get(id)).body));

    const change = async (verb: 'rebuild' | 'undo') => {
      const started = await client.request('POST', `/v1/projections/prediction-status/${verb}`);
      expect(started.status).toBe(202);
      const place = String(started.headers.get('location'));
      let reads = 0;
      let progress: Answer['body'] = {};
      await until(`the ${verb} is done`, async () => {
        expect((await client.get(ids[reads++ % ids.length])).status).toBe(200);
        progress = (await client.request('GET', place)).body;
        if (progress['phase'] === 'failed') throw new Error(JSON.stringify(progress));
        return progress['phase'] === 'done';
      });
      const after = await Promise.all(ids.map(async (id) => (await client.get(id)).body));
      expect(after).toEqual(before);
      return progress;
    };
    expect((await client.request('POST', '/v1/projections/prediction-status/undo')).status).toBe(409);
    expect(await change('rebuild')).toMatchObject({
      promoted: true,
      verification: {
        'prediction-status': { equal: 500, different: 0, onlyLive: 0, onlyBuilt: 0, examples: [] },
        'prediction-quality': { different: 0, onlyLive: 0, onlyBuilt: 0, examples: [] },
        labels: { equal: 1, different: 0, onlyLive: 0, onlyBuilt: 0 },
      },
    });
    const jobs = (await client.request('GET', '/v1/jobs?kind=projection-rebuild&status=succeeded')).body['data'];
    expect(jobs).toMatchObject([
      { spec: { projection: 'prediction-status' }, result: { generation: 2, promoted: true } },
    ]);
    const generations = async () => JSON.stringify((await client.request('GET', '/v1/projections')).body);
    expect(await generations()).toContain('{"generation":2,"state":"live"');
    expect(await change('undo')).toMatchObject({ kind: 'undo', generation: 1 });
    expect(await generations()).toContain('{"generation":1,"state":"live"');
    const fresh = await client.submit({ model: 'linear', input: [7, 0, 0, 0] }, { prefer: 'wait=10' });
    expect(fresh.body['status']).toBe('succeeded');
  },
};

export const viewsEqualRawFold: Scenario = {
  title: 'lists and statistics equal an independent fold of the raw log',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    await client.addModel('listed', modelFile('linear'));
    for (let round = 0; round < 5; round++) {
      const { body } = await client.submit({
        model: 'listed',
        items: Array.from({ length: 40 }, () => ({ input: [1, 2, 3, 4] })),
      });
      const items = body['items'] as { id: string }[];
      await client.request('POST', `/v1/predictions/${items[0]?.id}/cancel`);
      await Promise.all(items.map(({ id }) => client.ended(id)));
    }
    const all = foldRaw(await dumpLog(system.log));
    const folded = new Map([...all].filter(([, { request }]) => isRequestOf('listed')(request)));
    const listed = new Map<string, unknown>();
    for (let cursor = ''; ; ) {
      const { body } = await client.request('GET', `/v1/predictions?model=listed&limit=37${cursor}`);
      for (const item of body['data'] as { id: string; status: string }[]) listed.set(item.id, item.status);
      if (typeof body['nextCursor'] !== 'string') break;
      cursor = `&cursor=${encodeURIComponent(body['nextCursor'])}`;
    }
    expect(Object.fromEntries(listed)).toEqual(
      Object.fromEntries([...folded].map(([id, { end }]) => [id, statusOf(end)])),
    );
    const stats = await client.request('GET', '/v1/stats?model=listed');
    const total = (name: string) =>
      (stats.body['data'] as Record<string, number>[]).reduce((sum, hour) => sum + (hour[name] ?? 0), 0);
    const ends = [...folded.values()].map(({ end }) => statusOf(end));
    expect(total('accepted')).toBe(folded.size);
    for (const status of ['succeeded', 'canceled'])
      expect(total(status)).toBe(ends.filter((end) => end === status).length);
  },
};

export const replayResumes: Scenario = {
  title: 'a replay resumed from any line yields the same lines',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    await client.addModel('linear', modelFile('linear'));
    const { body } = await client.submit({
      model: 'linear',
      items: Array.from({ length: 120 }, () => ({ input: [1, 2, 3, 4] })),
    });
    await Promise.all((body['items'] as { id: string }[]).map(({ id }) => client.ended(id)));
    const lines = await replay(system.url, '');
    const raw = await dumpLog(system.log);
    expect(lines).toHaveLength(raw.length);
    for (const at of [0, 17, lines.length - 2]) {
      const cursor = encodeURIComponent(String(JSON.parse(lines[at] as string).cursor));
      expect(await replay(system.url, `?from=${cursor}`)).toEqual(lines.slice(at + 1));
    }
    const succeeded = await replay(system.url, '?type=PredictionSucceeded');
    expect(succeeded).toHaveLength(raw.filter(({ type }) => type === 'PredictionSucceeded').length);
  },
};

const replay = async (url: string, query: string): Promise<string[]> => {
  const response = await fetch(`${url}/v1/events${query}`);
  expect(response.headers.get('content-type')).toContain('application/x-ndjson');
  return (await response.text()).split('\n').filter((line) => line !== '');
};
