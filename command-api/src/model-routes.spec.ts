import { nodeIdentity } from '@hindcast/adapters/node';
import type { ModelFile, ModelRefusal, Tensor } from '@hindcast/domain';
import { aModelRoutingMoved } from '@hindcast/domain/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type CommandWorld, churnInput, createCommandWorld } from './testing/command-world.ts';

let world: CommandWorld;
beforeEach(async () => {
  world = await createCommandWorld({ limits: { modelBytesMax: 1_000 } });
});
afterEach(() => world.close());

const modelFile: ModelFile = {
  irVersion: 8,
  opset: { '': 17 },
  metadata: {},
  inputs: [{ name: 'x', kind: 'tensor', datatype: 'float32', shape: ['N', 2] }],
  outputs: [{ name: 'y', kind: 'tensor', datatype: 'float32', shape: ['N', 1] }],
  replayable: true,
};
const rowSums = ([x]: readonly Tensor[]): Tensor[] => {
  const rows = x?.shape[0] ?? 0;
  const data = Float32Array.from({ length: rows }, (_, row) => Number(x?.data[row * 2]) + Number(x?.data[row * 2 + 1]));
  return [{ name: 'y', datatype: 'float32', shape: [rows, 1], data }];
};
const offer = (content: string, file: ModelFile | ModelRefusal = modelFile): string => {
  const sha256 = nodeIdentity.sha256(content);
  world.runtime.offer(sha256, file);
  world.runtime.serve(sha256, rowSums);
  return sha256;
};
const register = (content: string, query = '', headers: object = {}) =>
  world.app.inject({
    method: 'POST',
    url: `/v1/models/sums/versions${query}`,
    payload: Buffer.from(content),
    headers: { 'content-type': 'application/octet-stream', ...headers },
  });

describe('a registration', () => {
  it('reads, tries and records the file, and its example is accepted as it stands', async () => {
    const sha256 = offer('file-1');
    const answer = await register('file-1', '?batchMax=8&pool=slow&deadlineMs=5000&description=Row%20sums');
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['location']).toBe('/v1/models/sums/versions/1');
    const version = answer.json();
    expect(version).toMatchObject({
      version: 1,
      sha256,
      bytes: 6,
      description: 'Row sums',
      settings: { pool: 'slow', deadlineMs: 5_000, timeoutMs: 10_000, batchMax: 8 },
    });
    expect(world.runtime.runs(sha256)).toBeGreaterThan(0);
    expect((await world.send('POST', '/predict', { model: 'sums', input: version.example })).statusCode).toBe(202);
  });

  it('of a model whose batch dimension is fixed says that one row fits into a run', async () => {
    const sized = (rows: number) => {
      const inputs = modelFile.inputs.map((value) => ({ ...value, shape: [rows, 2] }));
      return { ...modelFile, inputs, outputs: modelFile.outputs.map((value) => ({ ...value, shape: [rows, 1] })) };
    };
    offer('fixed', sized(1));
    expect((await register('fixed', '?batchMax=8')).json().settings.batchMax).toBe(1);
    offer('whole', sized(3));
    expect((await register('whole')).json()).toMatchObject({
      signature: { batched: false },
      settings: { batchMax: 1 },
    });
    offer('open');
    expect((await register('open', '?batchMax=8')).json().settings.batchMax).toBe(8);
  });

  it('of the same bytes again is the same version, even when both come at once', async () => {
    offer('file-1');
    offer('file-2');
    const first = await Promise.all([register('file-1'), register('file-1')]);
    expect(first.map(({ statusCode }) => statusCode).sort()).toEqual([200, 201]);
    expect((await register('file-2')).json().version).toBe(2);
    expect((await register('file-1')).json().version).toBe(1);
  });

  it('of the same bytes with other metadata, limits or words is a new version, which has been checked', async () => {
    const sha256 = offer('file-1');
    const metadata = (value: object) => `?metadata=${encodeURIComponent(JSON.stringify(value))}`;
    const named = metadata({ features: ['left', 'right'] });
    expect((await register('file-1')).json()).toMatchObject({ version: 1, example: { f0: 0, f1: 0 } });
    const second = await register('file-1', named);
    expect([second.statusCode, second.json().version, second.json().sha256]).toEqual([201, 2, sha256]);
    const input = { left: 1, right: 2 };
    const ask = (model: string) => world.send('POST', '/predict', { model, input });
    expect([(await ask('sums@2')).statusCode, (await ask('sums@1')).statusCode]).toEqual([202, 422]);
    expect((await register('file-1', '?batchMax=8')).json()).toMatchObject({ version: 3, settings: { batchMax: 8 } });
    expect((await register('file-1', '?description=Sums')).json().version).toBe(4);
    for (const [query, version] of [
      ['', 1],
      [named, 2],
      ['?batchMax=8', 3],
    ] as const) {
      const again = await register('file-1', query);
      expect([again.statusCode, again.json().version, again.headers['etag']]).toEqual([200, version, '"4"']);
    }
    const refused = await register('file-1', metadata({ features: ['one'] }));
    expect(refused.json()).toMatchObject({ status: 422, type: '/problems/model-refused', reason: 'metadata_invalid' });
    expect(world.ports.catalog.get('default', 'sums')?.versions).toHaveLength(4);
  });

  it('takes what the file does not say from a sidecar, in the query or in a header', async () => {
    offer('file-1');
    offer('file-2');
    const metadata = JSON.stringify({ features: ['left', 'right'] });
    const first = await register('file-1', `?metadata=${encodeURIComponent(metadata)}`);
    expect(first.json().example).toEqual({ left: 0, right: 0 });
    const second = await register('file-2', '', { 'hindcast-metadata': Buffer.from(metadata).toString('base64') });
    expect(second.json().example).toEqual({ left: 0, right: 0 });
    expect((await register('file-1', '?metadata=%5B%5D')).statusCode).toBe(400);
  });

  it('is refused with the reason and the fix', async () => {
    offer('file-1', { code: 'unsupported_opset', detail: 'Export it with opset 21 or lower.' });
    const refused = await register('file-1');
    expect(refused.json()).toMatchObject({
      status: 422,
      type: '/problems/model-refused',
      reason: 'unsupported_opset',
      detail: 'Export it with opset 21 or lower.',
    });
    const sha256 = offer('file-2');
    world.runtime.misbehave(sha256, 'crash');
    expect((await register('file-2')).json()).toMatchObject({
      status: 422,
      type: '/problems/trial-failed',
      reason: 'crashed',
    });
    world.runtime.misbehave(sha256, 'hang');
    expect((await register('file-2', '?timeoutMs=20')).json()).toMatchObject({ reason: 'timed_out' });
    expect(world.ports.catalog.names('default')).toEqual([]);
  });

  it('is bounded in size and media type', async () => {
    expect((await register('x'.repeat(1_001))).statusCode).toBe(413);
    const json = await world.send('POST', '/v1/models/sums/versions', {});
    expect(json.statusCode).toBe(415);
    expect(json.headers['accept']).toBe('application/octet-stream');
    const packed = await register('x', '', { 'content-encoding': 'gzip' });
    expect(packed.json()).toMatchObject({ status: 415, detail: expect.stringContaining('Content-Encoding') });
    expect((await world.app.inject({ method: 'POST', url: '/v1/models/sums/versions' })).statusCode).toBe(400);
    expect(
      (
        await world.app.inject({
          method: 'POST',
          url: '/v1/models/No/versions',
          payload: 'x',
          headers: { 'content-type': 'application/octet-stream' },
        })
      ).statusCode,
    ).toBe(400);
  });
});

describe('the routing', () => {
  const move = (routing: object, etag?: string) =>
    world.send('PUT', '/v1/models/churn/routing', routing, etag === undefined ? {} : { 'if-match': etag });
  beforeEach(async () => {
    await world.haveModel();
    await world.haveModel({ sha256: 'b'.repeat(64) });
  });

  it('moves from the revision that the mover saw', async () => {
    const answer = await move({ champion: 2 }, '"2"');
    expect(answer.json()).toMatchObject({ revision: 3, routing: { champion: 2, canary: [] } });
    expect(answer.headers['etag']).toBe('"3"');
    expect((await world.send('POST', '/predict', { model: 'churn', input: churnInput })).json().modelVersion).toBe(2);
    const stale = await move({ champion: 1 }, '"2"');
    expect(stale.json()).toMatchObject({ status: 412, type: '/problems/routing-changed' });
    expect(stale.headers['etag']).toBe('"3"');
  });

  it('leaves something to the champion', async () => {
    await world.haveModel({ sha256: 'c'.repeat(64) });
    const canary = [2, 3].map((version) => ({ version, share: 0.5 }));
    const answer = await move({ champion: 1, canary }, '"3"');
    expect(answer.json()).toMatchObject({ status: 422, type: '/problems/invalid-routing' });
  });

  it('has no unconditional moves', async () => {
    expect((await move({ champion: 2 })).statusCode).toBe(428);
    expect((await move({ champion: 2 }, '*')).statusCode).toBe(428);
  });

  it('lets one of two racing promotions through', async () => {
    const answers = await Promise.all([
      move({ champion: 2 }, '"2"'),
      move({ champion: 1, canary: [{ version: 2, share: 0.5 }] }, '"2"'),
    ]);
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 412]);
  });

  it('judges a move by its place in the log, not by what was read before', async () => {
    await world.close();
    let meanwhile = async () => {};
    world = await createCommandWorld({
      log: (log) => ({
        ...log,
        append: async (topic, records) => {
          const before = meanwhile;
          meanwhile = async () => {};
          await before();
          return log.append(topic, records);
        },
      }),
    });
    await world.haveModel();
    await world.haveModel({ sha256: 'b'.repeat(64) });
    meanwhile = () => world.haveModelEvent(aModelRoutingMoved({ routing: { champion: 2, canary: [] }, base: 2 }));
    expect((await move({ champion: 1 }, '"2"')).statusCode).toBe(412);
    expect(world.ports.catalog.get('default', 'churn')?.routing?.champion).toBe(2);
  });

  it.each([
    ['an unknown version', { champion: 9 }, '/champion'],
    ['a version twice', { champion: 1, canary: [{ version: 1, share: 0.1 }] }, '/canary/0/version'],
    ['a share of 1', { champion: 1, canary: [{ version: 2, share: 1 }] }, '/canary/0/share'],
    ['a shadow', { champion: 1, shadow: [2] }, '/shadow'],
  ])('with %s is refused', async (_what, routing, pointer) => {
    const answer = await move(routing, '"2"');
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors[0].pointer).toBe(pointer);
  });

  it('to a version that there is not says which there are, as a prediction does', async () => {
    const has = 'churn has the versions 1 to 2.';
    expect((await move({ champion: 9 }, '"2"')).json().detail).toBe(`Version 9 is unknown: ${has}`);
    const asked = await world.send('POST', '/predict', { model: 'churn@9', input: churnInput });
    expect([asked.statusCode, asked.json().detail]).toEqual([404, has]);
  });
});

describe('a model', () => {
  it('is paused and resumed, as often as one likes', async () => {
    await world.haveModel();
    for (const [verb, paused] of [
      ['pause', true],
      ['pause', true],
      ['resume', false],
      ['resume', false],
    ] as const) {
      const answer = await world.send('POST', `/v1/models/churn/${verb}`);
      expect(answer.statusCode).toBe(200);
      expect(answer.json().paused).toBe(paused);
    }
    expect((await world.send('POST', '/v1/models/nobody/pause')).statusCode).toBe(404);
  });

  it('gives up a version that is not in use', async () => {
    await world.haveModel();
    await world.haveModel({ sha256: 'b'.repeat(64) });
    const retire = (version: number) => world.send('DELETE', `/v1/models/churn/versions/${version}`);
    expect((await retire(1)).json()).toMatchObject({
      status: 409,
      type: '/problems/version-in-use',
      detail: expect.stringMatching(
        /^The routing of churn sends .* Promote another version first.* or pause the model/,
      ),
    });
    expect((await retire(2)).json().state).toBe('retired');
    expect((await retire(2)).statusCode).toBe(200);
    expect((await retire(3)).statusCode).toBe(404);
    const back = await world.send('PUT', '/v1/models/churn/routing', { champion: 2 }, { 'if-match': '"3"' });
    expect([back.statusCode, back.json().detail]).toEqual([
      422,
      'Version 2 is retired. Take an active one, such as 1.',
    ]);
  });
});
