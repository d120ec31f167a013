import { nodeIdentity } from '@hindcast/adapters/node';
import { ArtifactDamaged, canonicalJson, type DatasetPlan, datasetIdOf, datasetJobs } from '@hindcast/domain';
import { createMemoryArtifactStore } from '@hindcast/domain/in-memory';
import { aJobCanceled, aJobFailed, aJobRequested, aJobSucceeded } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queryWorld } from './testing/query-world.ts';

let world: Awaited<ReturnType<typeof queryWorld>>;
const store = createMemoryArtifactStore(nodeIdentity);
const lost = new Set<string>();
const damaged = new Set<string>();
beforeEach(async () => {
  for (const set of [lost, damaged]) set.clear();
  const artifacts: typeof store = {
    ...store,
    get: async (sha256) => {
      if (damaged.has(sha256)) return isDamaged(sha256);
      return lost.has(sha256) ? undefined : store.get(sha256);
    },
    has: async (sha256) => !lost.has(sha256) && store.has(sha256),
  };
  world = await queryWorld({ ports: { artifacts } });
});
afterEach(() => world.close());

const content = 'line 1\nline 2\n';
async function* isDamaged(sha256: string): AsyncGenerator<Uint8Array> {
  lost.add(sha256);
  damaged.delete(sha256);
  yield* [];
  throw new ArtifactDamaged(sha256, 'another');
}
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
  const file = await store.put(bytes(content), 1_000);
  const manifest = canonicalJson({
    datasetId: id,
    format: 'ndjson',
    spec: plan.spec,
    cut: plan.cut,
    columns: [],
    files: [{ name: 'all/part-00000.ndjson', split: 'all', rows: 2, ...file }],
  });
  const kept = await store.put(bytes(manifest), 10_000);
  const request = aJobRequested({ id: nextId, eventId: `r-${model}`, kind: 'dataset-cut', spec: { plan } });
  const events = [
    request,
    ...(done
      ? [aJobSucceeded({ id: nextId, cause: `r-${model}`, result: { manifest: kept, accountedFor: null } })]
      : []),
  ];
  await world.append(...events);
  return { id, job: nextId, plan, file, manifest, kept };
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
    const far = await get(path, { range: 'bytes=99999999999999999999-' });
    for (const { statusCode, headers } of [behind, far])
      expect([statusCode, headers['content-range']]).toEqual([416, 'bytes */14']);
    expect((await get(`/v1/datasets/${id}/files/all/part-00001.ndjson`)).statusCode).toBe(404);
  });

  it('tell of a file without sending it, and send none that is known', async () => {
    const { id, file, kept } = await aSet('churn');
    const path = `/v1/datasets/${id}/files/all/part-00000.ndjson`;
    const etag = `"${file.sha256}"`;
    const head = await world.app.inject({ method: 'HEAD', url: path });
    expect([head.statusCode, head.body, head.headers['content-length']]).toEqual([200, '', String(content.length)]);
    expect([head.headers['etag'], head.headers['accept-ranges']]).toEqual([etag, 'bytes']);
    const same = await get(path, { 'if-none-match': `"other", W/${etag}`, range: 'bytes=0-1' });
    expect([same.statusCode, same.body, same.headers['etag']]).toEqual([304, '', etag]);
    expect((await get(path, { 'if-none-match': '"other"' })).body).toBe(content);
    expect((await get(`/v1/datasets/${id}`, { 'if-none-match': `"${kept.sha256}"` })).statusCode).toBe(304);
  });

  it('say of a file that is gone that it is, and how it comes back', async () => {
    const { id, file, kept } = await aSet('churn');
    const path = `/v1/datasets/${id}/files/all/part-00000.ndjson`;
    const gone = { status: 410, type: '/problems/dataset-file-gone' };
    lost.add(file.sha256);
    const answer = await get(path);
    expect(answer.json()).toMatchObject({ ...gone, detail: expect.stringContaining('part-00000.ndjson') });
    expect([answer.headers['etag'], answer.headers['cache-control']]).not.toContain(`"${file.sha256}"`);
    expect((await world.app.inject({ method: 'HEAD', url: path })).statusCode).toBe(410);
    lost.add(kept.sha256);
    expect((await get(`/v1/datasets/${id}`)).json()).toMatchObject(gone);
  });

  it('send nothing of a file that is found damaged before its first byte, and say that it is gone from then on', async () => {
    const { id, file, kept } = await aSet('churn');
    for (const [path, sha256] of [
      [`/v1/datasets/${id}/files/all/part-00000.ndjson`, file.sha256],
      [`/v1/datasets/${id}`, kept.sha256],
    ] as const) {
      damaged.add(sha256);
      const answer = await get(path);
      expect([answer.statusCode, answer.json()['type']]).toEqual([503, '/problems/store-unavailable']);
      expect(answer.headers['content-length']).toBe(String(answer.rawPayload.length));
      expect((await get(path)).statusCode).toBe(410);
    }
  });

  it.each(['under way', 'canceled', 'failed'])(
    'keep what is there while they are cut again, which is %s',
    async (how) => {
      const { id, job, plan, file, manifest } = await aSet('churn');
      const again = datasetJobs(
        { get: (_, found) => (found === job ? ({ state: { status: 'succeeded', endedAt: 1 } } as never) : undefined) },
        ...([nodeIdentity.idFromText, 'default', id] as const),
      ).nextId;
      await world.append(
        aJobRequested({ id: again, eventId: 'r-again', kind: 'dataset-cut', spec: { plan } }),
        ...(how === 'canceled' ? [aJobCanceled({ id: again, cause: 'r-again', eventId: 'end' })] : []),
        ...(how === 'failed' ? [aJobFailed({ id: again, cause: 'r-again', eventId: 'end' })] : []),
      );
      const path = `/v1/datasets/${id}/files/all/part-00000.ndjson`;
      expect((await get(`/v1/datasets/${id}`)).body).toBe(manifest);
      expect((await get(path)).body).toBe(content);
      expect((await get('/v1/datasets')).json().data).toMatchObject([
        how === 'under way' ? { id, job: again, status: 'queued' } : { id, job, status: 'succeeded' },
      ]);
      lost.add(file.sha256);
      const { status, detail } = (await get(path)).json();
      expect([status, detail]).toEqual(
        how === 'under way'
          ? [409, expect.stringContaining(again)]
          : [410, expect.stringContaining('Ask for the set again')],
      );
    },
  );
});
