import { deflateSync, gzipSync } from 'node:zlib';
import { LogError } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { buildHttpServer, type HttpServer } from './http-server.ts';
import { problem } from './problem.ts';

const bytesMax = 1_000;
let app: HttpServer;
beforeEach(() => {
  app = buildHttpServer({ openapi: { title: 'Test', version: '1', description: 'Test' } });
  app.register(async (routes) => {
    const schema = { body: Type.Object({ a: Type.String() }) };
    routes.post('/echo', { schema, bodyLimit: bytesMax }, async ({ body, bodyBytes }) => ({ body, bodyBytes }));
    routes.post('/bare', {}, async ({ body }) => ({ came: body !== undefined && body !== null }));
    routes.post('/small', { bodyLimit: bytesMax }, async () => {
      throw problem('body-too-large', 'One thing may have at most 10 bytes.');
    });
    routes.post('/log', { bodyLimit: bytesMax }, async () => {
      throw new LogError('record_too_large', 'too large');
    });
  });
});
afterEach(() => app.close());

const send = (payload: string | Buffer, headers: object = {}, url = '/echo') =>
  app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json', ...headers } });

describe('a JSON body', () => {
  const text = JSON.stringify({ a: 'é' });

  it.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['identity', (plain: string) => plain],
  ])('may be sent as %s', async (encoding, pack) => {
    const answer = await send(pack(text), { 'content-encoding': encoding });
    expect(answer.json()).toEqual({ body: { a: 'é' }, bodyBytes: Buffer.byteLength(text) });
  });

  it('that is empty is none: it is missing where one is needed', async () => {
    const [bare, needed] = [await send('', {}, '/bare'), await send('')];
    expect([bare.statusCode, bare.json()]).toEqual([200, { came: false }]);
    expect(needed.json()).toMatchObject({ status: 400, detail: 'A JSON body is needed here, and there is none.' });
  });

  it('that unpacks to more than the route reads is given up', async () => {
    const bomb = gzipSync(JSON.stringify({ a: 'x'.repeat(100_000) }));
    expect(bomb.length).toBeLessThan(bytesMax);
    const answer = await send(bomb, { 'content-encoding': 'gzip' });
    expect(answer.json()).toMatchObject({ status: 413, detail: 'The body may unpack to at most 1000 bytes.' });
  });

  it.each([
    ['that is not what its encoding says', text, { 'content-encoding': 'gzip' }, 400],
    ['in an unknown encoding', text, { 'content-encoding': 'br' }, 415],
    ['in two encodings', text, { 'content-encoding': 'gzip, gzip' }, 415],
    ['in another charset', text, { 'content-type': 'application/json; charset=iso-8859-1' }, 415],
    ['of a charset without a name', text, { 'content-type': 'application/json; charset=' }, 415],
  ])('%s is refused', async (_what, payload, headers, status) => {
    const answer = await send(payload, headers);
    expect(answer.json()).toMatchObject({ status, detail: expect.stringMatching(/gzip|UTF-8/) });
  });

  it.each(['application/json; charset=utf-8', 'application/json;charset="UTF-8"', 'application/json; q=1'])(
    'of the type %s is read',
    async (type) => {
      expect((await send(text, { 'content-type': type })).statusCode).toBe(200);
    },
  );
});

describe('a body that is too large', () => {
  it.each([
    ['/echo', 'The body may have at most 1000 bytes.', JSON.stringify({ a: 'x'.repeat(bytesMax) })],
    ['/small', 'One thing may have at most 10 bytes.', '{}'],
    ['/log', 'The event would exceed the limit of the log.', '{}'],
  ])('for %s is told the limit that it passed', async (url, detail, payload) => {
    expect((await send(payload, {}, url)).json()).toMatchObject({ status: 413, detail });
  });
});
