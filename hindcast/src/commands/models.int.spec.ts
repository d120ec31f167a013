import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { cli, closeAll, send, serve } from '../testing/run-cli.ts';

afterEach(closeAll);

const version = (number: number) => ({
  name: 'churn',
  version: number,
  state: 'active',
  sha256: 'abc',
  bytes: 9,
  registeredAt: '2026-01-31T12:00:00.000Z',
  settings: { timeoutMs: 10_000 },
  example: { age: 41 },
  curl: "curl -s 'http://x'",
  signature: {
    batched: true,
    inputs: [],
    outputs: [{ name: 'p', datatype: 'float32', shape: [null, 2] }],
    features: [
      { name: 'age', input: 'age', datatype: 'float32', shape: [], missing: 'nan' },
      { name: 'calls', input: 'calls', datatype: 'int64', shape: [null], missing: 'default', default: 0 },
    ],
    classes: ['no', 'yes'],
    threshold: 0.4,
    replayable: true,
  },
});

describe('hindcast models', () => {
  const folder = mkdtempSync(join(tmpdir(), 'hindcast-cli-'));
  afterAll(() => rmSync(folder, { recursive: true }));

  it('sends the file as it is, and beside it what the file does not say', async () => {
    writeFileSync(join(folder, 'm.onnx'), 'the bytes');
    writeFileSync(join(folder, 'side.json'), '{ "threshold": 0.5 }');
    const { url, asked } = await serve((_, response) => send(response, 201, version(3)));
    const args = ['models', 'add', 'churn', join(folder, 'm.onnx'), '--metadata', join(folder, 'side.json')];
    const { code, out, err } = await cli([...args, '--timeout', '2s', '--cancel-after', '1m', '--url', url]);
    expect(code).toBe(0);
    expect(out).toBe(
      'churn@3 is registered\ntakes\n  age    float32     may be null\n  calls  int64[any]  0 when not given\n' +
        'gives\n  p  float32[any, 2]\n  classes no, yes\n  decides for yes from 0.4 on\n',
    );
    expect(err).toContain('npx hindcast predict churn@3 --example');
    expect(err).toContain("curl -s 'http://x'");
    expect(err).toContain('npx hindcast models promote churn@3');
    const [request] = asked;
    expect(request?.headers).toMatchObject({ 'content-type': 'application/octet-stream', 'content-length': '9' });
    expect(request?.body).toBe('the bytes');
    const sent = new URL(request?.path ?? '', url).searchParams;
    expect(Object.fromEntries(sent)).toEqual({
      metadata: '{"threshold":0.5}',
      timeoutMs: '2000',
      deadlineMs: '60000',
    });
  });

  it('finds no version to promote that there is not', async () => {
    const detail = 'Version 9 is unknown: churn has only the version 1.';
    const { url } = await serve(({ method }, response) =>
      method === 'GET'
        ? send(response, 200, { name: 'churn', versions: [version(1)], paused: false }, { etag: '"1"' })
        : send(response, 422, { detail }),
    );
    expect(await cli(['models', 'promote', 'churn@9', '--url', url])).toMatchObject({
      code: 3,
      err: `${detail} (HTTP 422)\n`,
    });
    expect((await cli(['models', 'promote', 'churn@1', '--url', url])).code).toBe(1);
    const away = await serve(({ method }, response) =>
      method === 'PUT' ? void response.destroy() : send(response, 200, { versions: [] }, { etag: '"1"' }),
    );
    expect((await cli(['models', 'promote', 'churn@9', '--url', away.url])).code).toBe(1);
  });

  it('says when no version was added, and that the file is there now', async () => {
    writeFileSync(join(folder, 'm.onnx'), 'the bytes');
    const { url } = await serve((_, response) => send(response, 200, version(1)));
    const { code, out } = await cli(['models', 'add', 'churn', join(folder, 'm.onnx'), '--url', url]);
    expect({ code, out }).toEqual({
      code: 0,
      out: 'churn@1 already is this file with the same metadata and settings: no version was added, and its file is stored\n',
    });
  });

  it.each([
    ['there is no such file', ['missing.onnx']],
    ['is no file: name the ONNX file itself', ['.']],
    ['side.json: there is no such file', ['m.onnx', '--metadata', 'side.json']],
    ['m.onnx is not JSON', ['m.onnx', '--metadata', 'm.onnx']],
    ['. is a folder, not a file', ['m.onnx', '--metadata', '.']],
  ])('says in one line that %s', async (said, [file = '', flag, metadata]) => {
    const inFolder = mkdtempSync(join(folder, 'wrong-'));
    writeFileSync(join(inFolder, 'm.onnx'), 'the bytes');
    const more = flag === undefined ? [] : [flag, `${inFolder}/${metadata}`];
    const { code, err } = await cli(['models', 'add', 'churn', `${inFolder}/${file}`, ...more]);
    expect(code).toBe(2);
    expect(err).toContain(said);
    expect(err.trimEnd().split('\n')).toHaveLength(1);
  });

  it('shows a version, and the champion of a model', async () => {
    const model = { name: 'churn', versions: [version(1), version(2)], routing: { champion: 2 }, paused: true };
    const { url, asked } = await serve(({ path }, response) =>
      send(response, 200, path.includes('/versions/') ? version(1) : { ...model, curl: "curl -s 'http://model'" }),
    );
    const one = await cli(['models', 'show', 'churn@1', '--url', url]);
    expect(one.out).toMatch(/^churn@1\n {2}state +active\n/);
    expect(one.out).toMatch(/timeoutMs +10000\n/);
    expect(one.out).toContain('example\n{\n  "age": 41\n}');
    const champion = await cli(['models', 'show', 'churn', '--url', url]);
    expect(champion.out).toMatch(/^churn {2}champion 2 {2}paused\n\nchurn@2\n/);
    expect(champion.out).toContain("request\ncurl -s 'http://model'");
    expect(asked.map(({ path }) => path)).toEqual(['/v1/models/churn/versions/1', '/v1/models/churn']);
  });

  it('lists in columns', async () => {
    const data = [
      { name: 'breast-cancer', versions: [version(1)], routing: { champion: 1 }, paused: false },
      { name: 'x', versions: [version(1), { ...version(2), state: 'retired' }], paused: true },
    ];
    const { url } = await serve((_, response) => send(response, 200, { data }));
    expect((await cli(['models', 'list', '--url', url])).out).toBe(
      'breast-cancer  1 version   champion 1\nx              2 versions  no traffic  2 retired, paused\n',
    );
  });

  it.each(['pause', 'resume'])('has a way to %s one', async (verb) => {
    const { url, asked } = await serve((_, response) => send(response, 200, { name: 'churn' }));
    expect((await cli(['models', verb, 'churn', '--url', url])).code).toBe(0);
    expect(asked.map(({ method, path }) => `${method} ${path}`)).toEqual([`POST /v1/models/churn/${verb}`]);
  });

  it('tells what the trial of the file has found', async () => {
    const warnings = [{ code: 'rows_not_independent', detail: 'One row at a time is run.' }];
    const { url } = await serve((_, response) => send(response, 201, { ...version(1), warnings }));
    writeFileSync(join(folder, 'm.onnx'), 'the bytes');
    const added = await cli(['models', 'add', 'churn', join(folder, 'm.onnx'), '--url', url]);
    expect(added.code).toBe(0);
    expect(added.err).toContain('Warning: One row at a time is run.\n');
    const shown = await cli(['models', 'show', 'churn@1', '--url', url]);
    expect(shown.out).toMatch(/warning +One row at a time is run\./);
  });

  it('promotes from the revision that it saw, and keeps the other canaries', async () => {
    const canary = [
      { version: 2, share: 0.1 },
      { version: 3, share: 0.2 },
    ];
    const { url, asked } = await serve(({ method }, response) =>
      send(response, 200, method === 'GET' ? { name: 'churn', routing: { champion: 1, canary } } : {}, { etag: '"7"' }),
    );
    expect((await cli(['models', 'promote', 'churn@2', '--url', url])).code).toBe(0);
    expect(asked[1]).toMatchObject({ method: 'PUT', path: '/v1/models/churn/routing' });
    expect(asked[1]?.headers['if-match']).toBe('"7"');
    expect(JSON.parse(asked[1]?.body ?? '')).toEqual({ champion: 2, canary: [{ version: 3, share: 0.2 }] });
  });

  it('retires one version, and none where none is named', async () => {
    const { url, asked } = await serve((_, response) => send(response, 200, { version: 2, state: 'retired' }));
    expect(await cli(['models', 'retire', 'churn@2', '--url', url])).toMatchObject({
      code: 0,
      out: expect.stringContaining('retired'),
    });
    expect(asked[0]).toMatchObject({ method: 'DELETE', path: '/v1/models/churn/versions/2' });
    expect(await cli(['models', 'retire', 'churn', '--url', url])).toMatchObject({
      code: 2,
      err: expect.stringContaining('churn@2'),
    });
    expect(asked).toHaveLength(1);
    expect((await cli(['models', 'retire', '--help'])).out).toContain('for good');
  });
});
