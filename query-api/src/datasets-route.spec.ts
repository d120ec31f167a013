import { nodeIdentity } from '@hindcast/adapters/node';
import { canonicalJson, type DatasetPlan, datasetIdOf, datasetJobs } from '@hindcast/domain';
import { aJobRequested, aJobSucceeded } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queryWorld } from './testing/query-world.ts';

let world: Awaited<ReturnType<typeof queryWorld>>;
beforeEach(async () => {
  world = await queryWorld();
});
afterEach(() => world.close());

const content = 'line 1\nline 2\n';
async function* bytes(text: string) {
  for (const char of text) yield new TextEncoder().encode(char);
}

/** A data set that was cut, or is being cut. */
const aSet = async (model: string, done = true) => {
  const plan: DatasetPlan = {
    spec: { tenant: 'default', model, labels: { pick: 'latest', absent: 'keep' }, redact: [], format: 'ndjson' },
    cut: { topic: 'hindcast.predictions.v1', logId: 'log', epoch: 0, ranges: [{ partition: 0, from: 0, to: 2 }] },
    extractor: 'fold/1',
  };
  const id = datasetIdOf(plan, nodeIdentity.sha256);
  const { nextId } = datasetJobs({ get: () => undefined }, nodeIdentity.idFromText, 'default', id);
  const file = await world.artifacts.put(bytes(content), 1_000);
  const manifest = canonicalJson({
    datasetId: id,
    format: 'ndjson',
    spec: plan.spec,
    cut: plan.cut,
    columns: [],
    files: [{ name: 'all/part-00000.ndjson', split: 'all', rows: 2, ...file }],
  });
  const kept = await world.artifacts.put(bytes(manifest), 10_000);
  const request = aJobRequested({ id: nextId, eventId: `r-${model}`, kind: 'dataset-cut', spec: { plan } });
  const events = [
    request,
    ...(done
      ? [aJobSucceeded({ id: nextId, cause: `r-${model}`, result: { manifest: kept, accountedFor: null } })]
      : []),
  ];
  await world.append(...events);
  return { id, job: nextId, file, manifest, kept };
};
const get = (path: string, headers: Record<string, string> = {}) => world.get(path, headers);

describe('data sets', () => {
  it('show their manifest as it is kept, and are compared', async () => {
    const [a, b] = [await aSet('churn'), await aSet('fraud')];
    const answer = await get(`/v1/datasets/${a.id}`);
    expect(answer.body).toBe(a.manifest);
    expect(answer.headers['etag']).toBe(`"${a.kept.sha256}"`);
    expect((await get(`/v1/datasets/diff?a=${a.id}&b=${a.id}`)).json()).toEqual({ differences: [] });
    expect((await get(`/v1/datasets/diff?a=${a.id}&b=${b.id}`)).json().differences).toContainEqual({
      at: '/spec/model',
      a: 'churn',
      b: 'fraud',
    });
  });

  it('say that they are not there, or not there yet', async () => {
    const { id, job } = await aSet('churn', false);
    expect((await get(`/v1/datasets/${id}`)).json()).toMatchObject({
      status: 409,
      detail: expect.stringContaining(job),
    });
    expect((await get(`/v1/datasets/${'0'.repeat(64)}`)).json()).toMatchObject({ type: '/problems/unknown-dataset' });
    expect((await get('/v1/datasets')).json().data).toMatchObject([{ id, job, status: 'queued', model: 'churn' }]);
  });

  it('give files whole and in ranges', async () => {
    const { id, file } = await aSet('churn');
    const path = `/v1/datasets/${id}/files/all/part-00000.ndjson`;
    const whole = await get(path);
    expect([whole.statusCode, whole.body, whole.headers['etag']]).toEqual([200, content, `"${file.sha256}"`]);
    const part = await get(path, { range: 'bytes=5-', 'if-range': `"${file.sha256}"` });
    expect([part.statusCode, part.body, part.headers['content-range']]).toEqual([
      206,
      content.slice(5),
      'bytes 5-13/14',
    ]);
    expect((await get(path, { range: 'bytes=2-3' })).body).toBe(content.slice(2, 4));
    expect((await get(path, { range: 'bytes=5-', 'if-range': '"other"' })).body).toBe(content);
    const behind = await get(path, { range: 'bytes=14-' });
    expect([behind.statusCode, behind.headers['content-range']]).toEqual([416, 'bytes */14']);
    expect((await get(`/v1/datasets/${id}/files/all/part-00001.ndjson`)).statusCode).toBe(404);
  });
});
