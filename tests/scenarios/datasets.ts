import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { churnInput } from '../faults/churn-input.ts';
import { type Answer, clientOf, sampleFile, until } from './client.ts';
import type { Scenario, SystemUnderTest } from './system.ts';

const cut = async (system: SystemUnderTest, request: object): Promise<Answer['body']> => {
  const { request: ask } = clientOf(system.url);
  const { status, body } = await ask('POST', '/v1/datasets', { body: request });
  expect([200, 202]).toContain(status);
  await until(
    'the set is cut',
    async () => {
      const { body: job } = await ask('GET', `/v1/jobs/${String(body['job'])}`, { headers: { prefer: 'wait=5' } });
      if (job['status'] === 'failed') throw new Error(JSON.stringify(job['error']));
      return job['status'] === 'succeeded';
    },
    60_000,
  );
  return (await ask('GET', `/v1/datasets/${String(body['id'])}`)).body;
};

interface File {
  readonly name: string;
  readonly sha256: string;
  readonly bytes: number;
}

const fetchFile = async (system: SystemUnderTest, id: unknown, file: File, range?: string) => {
  const headers = range === undefined ? {} : { range };
  const response = await fetch(`${system.url}/v1/datasets/${String(id)}/files/${file.name}`, { headers });
  return {
    status: response.status,
    etag: response.headers.get('etag'),
    bytes: Buffer.from(await response.arrayBuffer()),
  };
};

/** What a data set is worth: it is all of a stretch of the log, and later labels do not change it. */
export const datasetsAreCuts: Scenario = {
  title: 'a data set holds every prediction of its cut, and nothing that comes later changes it',
  async run(start) {
    const system = await start();
    const client = clientOf(system.url);
    await client.addModel('cut', sampleFile('churn/model.onnx'));
    const { body } = await client.submit({
      model: 'cut',
      items: Array.from({ length: 50 }, (_, at) => ({
        input: { ...churnInput, tenure_months: at },
        entity: `customer-${at % 7}`,
      })),
    });
    const ids = (body['items'] as { id: string }[]).map(({ id }) => id);
    for (const id of ids) await client.ended(id);
    const label = (id: unknown, value: string) =>
      client.request('POST', `/v1/predictions/${String(id)}/labels`, { body: { value } });
    for (const id of ids.slice(0, 20)) expect((await label(id, 'yes')).status).toBeLessThan(300);

    const wish = {
      model: 'cut',
      format: 'ndjson',
      split: {
        parts: [
          { name: 'train', share: 0.5 },
          { name: 'test', share: 0.5 },
        ],
      },
    };
    const first = await cut(system, wish);
    const counts = first['accountedFor'] as Record<string, number>;
    const ofOthers = counts['filtered'] ?? 0;
    expect(counts).toMatchObject({ requests: 50 + ofOthers, rows: 20, unlabelled: 30 });
    const files = first['files'] as File[];
    const texts = await Promise.all(files.map((file) => fetchFile(system, first['datasetId'], file)));
    const rows = texts.flatMap(({ bytes }) =>
      bytes
        .toString('utf8')
        .trim()
        .split('\n')
        .filter(Boolean)
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    );
    expect(rows.map((row) => row['predictionId']).sort()).toEqual(ids.slice(0, 20).sort());
    for (const row of rows)
      expect(row).toMatchObject({
        label: 'yes',
        'input.plan': churnInput.plan,
        model: 'cut',
        threshold: expect.any(Number),
      });

    const whole = texts[0]?.bytes ?? Buffer.alloc(0);
    const file = files[0] as File;
    expect(createHash('sha256').update(whole).digest('hex')).toBe(file.sha256);
    expect(texts[0]?.etag).toBe(`"${file.sha256}"`);
    const part = await fetchFile(system, first['datasetId'], file, 'bytes=10-');
    expect(part.status).toBe(206);
    expect(part.bytes.equals(whole.subarray(10))).toBe(true);
    expect((await fetchFile(system, first['datasetId'], file, `bytes=${file.bytes}-`)).status).toBe(416);

    for (const id of ids) await label(id, 'no');
    const to = first['cut'] as { epoch: number; ranges: { partition: number; to: number }[] };
    const positions = to.ranges.map((range) => `${to.epoch}:${range.partition}:${range.to}`).join(',');
    const again = await client.request('POST', '/v1/datasets', { body: { ...wish, to: positions } });
    expect(again).toMatchObject({ status: 200, body: { id: first['datasetId'] } });
    const later = await cut(system, wish);
    expect(later['datasetId']).not.toBe(first['datasetId']);
    expect(later['accountedFor']).toMatchObject({ rows: 50, unlabelled: 0 });
    const ids_ = `a=${String(first['datasetId'])}&b=${String(later['datasetId'])}`;
    const { body: diff } = await client.request('GET', `/v1/datasets/diff?${ids_}`);
    expect((diff['differences'] as { at: string }[]).map(({ at }) => at)).toContain('/accountedFor/rows');
  },
};
