import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openApiClient } from './api-client.ts';
import { cli, closeAll, send, serve } from './testing/run-cli.ts';

afterEach(closeAll);

describe('two addresses', () => {
  it('are asked for what each of them answers', async () => {
    const query = await serve((_, response) => send(response, 200, { name: 'churn', versions: [] }, { etag: '"7"' }));
    const command = await serve((_, response) => send(response, 200, { champion: 1 }));
    const { code } = await cli(['models', 'promote', 'churn@1', '--url', `${query.url}/,${command.url}/`]);
    expect(code).toBe(0);
    expect(query.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['GET /v1/models/churn']);
    expect(command.asked.map(({ method, path }) => `${method} ${path}`)).toEqual(['PUT /v1/models/churn/routing']);
    const three = await cli(['models', 'list', '--url', `${query.url},${query.url},${query.url}`]);
    expect(three.code).toBe(2);
  });
});

describe('the request that a model is shown with', () => {
  it('goes to the command API, whoever described the model', async () => {
    const curl = (version: string) =>
      `curl -s 'http://query:1/v1/predictions' -d '{"model":"churn${version}","input":"/v1/predictions"}'`;
    const feature = { name: 'age', datatype: 'float32', shape: [], missing: 'nan' };
    const signature = { features: [feature], outputs: [{ ...feature, name: 'p' }], batched: true };
    const about = { state: 'active', sha256: 'abc', bytes: 9, registeredAt: '2026-01-31T12:00:00.000Z' };
    const version = { name: 'churn', version: 1, ...about, signature, settings: {}, curl: curl('@1') };
    const query = await serve(({ path }, response) =>
      send(response, 200, path.includes('/versions/') ? version : { ...version, versions: [version], curl: curl('') }),
    );
    const urls = `${query.url},http://command:1/`;
    for (const [shown, json] of [['churn'], ['churn@1'], ['churn', '--json'], ['churn@1', '--json']]) {
      const { out, err } = await cli(['models', 'show', String(shown), '--url', urls, ...(json ? [json] : [])]);
      expect(err).toBe('');
      expect(out).toContain(`'http://command:1/v1/predictions' -d '{`);
      expect(out).not.toContain('http://query');
    }
  });
});

describe('refusals', () => {
  it('become the words of the server, pointers included', async () => {
    const problem = {
      title: 'x',
      detail: 'The input does not fit.',
      errors: [{ pointer: '/input/age', detail: 'missing' }],
    };
    const { url } = await serve((_, response) =>
      send(response, 422, problem, { 'content-type': 'application/problem+json' }),
    );
    const { code, out, err } = await cli(['predict', 'churn', '[1]', '--json', '--url', url]);
    expect({ code, out }).toEqual({ code: 1, out: '' });
    expect(err).toContain('The input does not fit. (HTTP 422)\n  /input/age missing');
  });

  it('are said once where there is one reason', async () => {
    const errors = [{ pointer: '/input/age', detail: 'Expected a number.' }];
    const { url } = await serve((_, response) =>
      send(response, 422, { detail: '/input/age: Expected a number.', errors }),
    );
    const { err } = await cli(['predict', 'churn', '{}', '--url', url]);
    expect(err).toBe('/input/age: Expected a number. (HTTP 422)\n');
    const whole = {
      detail: 'Version 7 is unknown.',
      errors: [{ pointer: '/champion', detail: 'Version 7 is unknown.' }],
    };
    const other = await serve((_, response) => send(response, 422, whole));
    const again = await cli(['predict', 'churn', '{}', '--url', other.url]);
    expect(again.err).toBe('Version 7 is unknown. (HTTP 422)\n');
  });

  it.each([
    ['--batch-max', 'batchMax', ['models', 'add', 'm', 'package.json', '--batch-max', '0']],
    ['--deadline', 'deadlineMs', ['models', 'add', 'm', 'package.json', '--deadline', '0s']],
    ['--cancel-after', 'deadlineMs', ['models', 'add', 'm', 'package.json', '--cancel-after', '0s']],
    ['--by', 'groupBy', ['quality', 'churn', '--by', 'week']],
    ['--format', '/format', ['datasets', 'create', 'churn', '--format', 'xls']],
    ['--sample', '/sample/fraction', ['datasets', 'create', 'churn', '--sample', '0']],
    ['--status', 'status', ['jobs', 'list', '--status', 'lost']],
    ['--slice', '/slices/0', ['backtest', '--model', 'churn@1', '--slice', 'plan']],
    ['--cancel-after', 'Cancel-After', ['predict', 'churn', '[1]', '--cancel-after', '900d']],
  ])(
    'name the flag %s that is wrong, not the parameter that it became, and end with 2',
    async (flag, pointer, args) => {
      const problem = { detail: `${pointer}: Expected more.`, errors: [{ pointer, detail: 'Expected more.' }] };
      const { url } = await serve((_, response) => send(response, 422, problem));
      expect(await cli([...args, '--url', url])).toMatchObject({ code: 2, err: `${flag}: Expected more.\n` });
      // What stands in a file of wishes is no flag's mistake.
      const other = await serve((_, response) =>
        send(response, 422, { ...problem, errors: [...problem.errors, { pointer: '/inputs', detail: 'No list.' }] }),
      );
      expect((await cli([...args, '--url', other.url])).code).toBe(1);
    },
  );

  it('tell a file that was named without its @ from JSON that the shell took apart', async () => {
    const of = async (input: string) => (await cli(['predict', 'churn', input, '--url', 'http://127.0.0.1:9'])).err;
    expect(await of('package.json')).toContain('write @package.json to send what is in it.');
    expect(await of('{age:')).toContain('single quotes');
  });

  it('end with 3 where there is no such thing', async () => {
    const { url } = await serve((_, response) => send(response, 404, { detail: 'No such prediction.' }));
    expect((await cli(['get', 'p9', '--url', url])).code).toBe(3);
  });

  it('come after a word that the answer takes long', async () => {
    const { url } = await serve((_, response) => void setTimeout(() => send(response, 404, { detail: 'No.' }), 100));
    const notes: string[] = [];
    const client = openApiClient(url, (text) => notes.push(text), 10);
    await expect(client.request('/v1/models/x')).rejects.toThrow('No.');
    await expect(client.request('/v1/models/x', { timeoutMs: 10_000 })).rejects.toThrow('No.');
    expect(notes).toEqual([`${url} has not answered yet; waiting for up to 75 s.`]);
  });

  it('say how to start a server where none answers', async () => {
    const { url } = await serve(() => {});
    await closeAll();
    const { code, err } = await cli(['get', 'p1', '--url', url]);
    expect(code).toBe(1);
    expect(err).toContain('npx hindcast start');
  });

  it.each([
    [['nonsense']],
    [['get']],
    [['get', 'x', '--url', 'localhost']],
    [['predict', 'm', '1', '--priority', 'top']],
  ])('end with 2 for a wrong use: %j', async (args) => expect((await cli(args)).code).toBe(2));

  it.each([
    ['replay'],
    ['verify'],
    ['projections', 'as-of', 'models'],
    ['datasets', 'create', 'churn', '--out', 'set'],
    ['audit', 'checkpoint'],
  ])('come before a folder is read by a path that means another one elsewhere: %s', async (...args) => {
    const asked: string[] = [];
    const openLog = (folder: string) => {
      asked.push(folder);
      return Promise.reject(new Error('there is no log'));
    };
    await cli([...args, '--data', 'some/folder'], { openLog });
    expect(asked).toEqual([resolve('some/folder')]);
  });

  it('of the address to move to say where its password belongs, and not what it is', async () => {
    const { code, err } = await cli(['migrate', '--to', 'kafka://u:p4ss@kafka:9092', '--dry-run']);
    expect([code, err]).toEqual([2, expect.stringContaining('KAFKA_')]);
    expect(err).not.toContain('p4ss');
  });

  it('of settings name all of them and start nothing', async () => {
    const { code, err } = await cli(['start', '--port', 'many'], { env: { HINDCAST_DATE: 'x' } });
    expect(code).toBe(2);
    expect(err).toContain('--port is "many"');
    expect(err).toContain('Did you mean HINDCAST_DATA');
  });
});

describe('what a person asks first', () => {
  it.each([
    'start',
    'predict',
    'get',
    'watch',
    'cancel',
    'label',
    'replay',
    'models',
    'jobs',
    'projections',
    'config',
    'doctor',
  ])('finds an example in the help of %s', async (name) => {
    const { code, out } = await cli([name, '--help']);
    expect(code).toBe(0);
    expect(out).toMatch(/Examples:\n {2}\$ .*hindcast /);
  });

  it('predict has one name for the time that is left in its help, and takes the other', async () => {
    expect((await cli(['predict', '--help'])).out).not.toContain('--deadline');
    const { err } = await cli(['predict', 'churn', '{}', '--deadline', 'soon', '--url', 'http://127.0.0.1:9']);
    expect(err).toContain('"soon" is not a duration');
  });

  it('config shows values and origins, and no secret', async () => {
    const env = { REDIS_URL: 'redis://:secret@host', PORT: '9000' };
    const { code, out, err } = await cli(['config'], { env });
    expect(code).toBe(2);
    expect(out).toMatch(/^PORT +9000 +environment$/m);
    expect(out).toMatch(/^REDIS_URL +\*{6} +environment$/m);
    expect(out + err).not.toContain('secret');
  });

  it('doctor looks at everything', async () => {
    const { out } = await cli(['doctor', '--json', '--port', '0', '--memory']);
    const found = JSON.parse(out) as { check: string; ok: boolean }[];
    expect(found.map(({ check }) => check)).toEqual([
      'node',
      'onnxruntime',
      'port',
      'data folder',
      'libsql',
      'lock',
      'disk',
      'clock',
    ]);
  });

  it('doctor says whether a data folder that is not there can be made, and makes none', async () => {
    const parent = mkdtempSync(join(tmpdir(), 'hindcast-doctor-'));
    const looked = async (data: string) => {
      const { out } = await cli(['doctor', '--json', '--port', '0', '--data', data]);
      const found = JSON.parse(out) as { check: string; ok: boolean; said: string }[];
      return found.find(({ check }) => check === 'data folder');
    };
    const folder = join(parent, 'a', 'b');
    expect(await looked(folder)).toMatchObject({ ok: true, said: `${folder} will be created` });
    expect(readdirSync(parent)).toEqual([]);
    writeFileSync(join(parent, 'a'), '');
    expect(await looked(folder)).toMatchObject({ ok: false, said: `${join(parent, 'a')} is not a folder` });
    if (process.platform === 'linux')
      expect(await looked('/proc/foo')).toMatchObject({ ok: false, said: '/proc/foo cannot be created in /proc' });
    rmSync(parent, { recursive: true });
  });
});
