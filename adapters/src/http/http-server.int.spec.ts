import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Type } from '@sinclair/typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { drainAndClose } from './drain-and-close.ts';
import { buildHttpServer, type HttpServer, headerBytesMax } from './http-server.ts';
import { allowSlowBody, slowBodyBytesPerSecondMin } from './slow-bodies.ts';

let app: HttpServer;
let finish: () => void = () => {};
let begun: Promise<void>;

beforeEach(async () => {
  const openapi = { title: 'Test', version: '1', description: 'Test' };
  app = buildHttpServer({ openapi, timeouts: { requestMs: 400, headersMs: 200 } });
  let begin: () => void = () => {};
  begun = new Promise((resolve) => {
    begin = resolve;
  });
  app.register(async (routes) => {
    routes.post('/echo', { schema: { body: Type.Object({ a: Type.Number() }) } }, async (request) => request.body);
    routes.addContentTypeParser('application/octet-stream', (_request, payload, done) => done(null, payload));
    routes.post('/upload', { onRequest: async (request) => allowSlowBody(request) }, async ({ body }) => {
      let bytes = 0;
      for await (const chunk of body as AsyncIterable<Buffer>) bytes += chunk.length;
      return { bytes };
    });
    routes.get('/slow', async () => {
      await new Promise<void>((resolve) => {
        finish = resolve;
        begin();
      });
      return { done: true };
    });
  });
  await app.listen({ port: 0, host: '127.0.0.1' });
});
afterEach(() => app.close());

/** Sends the parts, one after the other, and answers all that comes back before the server hangs up. */
const talk = async (...parts: readonly string[]): Promise<string> => {
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  let heard = '';
  socket.on('data', (bytes) => {
    heard += bytes.toString();
  });
  socket.on('error', () => {});
  await once(socket, 'connect');
  for (const part of parts) socket.write(part);
  await once(socket, 'close');
  return heard;
};

const post = (length: number) =>
  `POST /echo HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${length}\r\n`;

describe('a connection', () => {
  it('that is kept alive, and whose request is answered while the server closes, does not hold it up', async () => {
    const heard = talk('GET /slow HTTP/1.1\r\nhost: x\r\n\r\n');
    await begun;
    const closed = drainAndClose(app, 0);
    await delay(100);
    finish();
    expect(await heard).toContain('{"done":true}');
    await closed;
  });

  it('whose body does not come in time is cut with 408', async () => {
    const heard = await talk(`${post(7)}\r\n`, '{"a"');
    expect(heard).toMatch(/^HTTP\/1\.1 408 /);
    expect(heard).toContain('/problems/request-timeout');
  });

  it('whose headers do not come in time is cut with 408', async () => {
    expect(await talk('POST /echo HTTP/1.1\r\nhost: x\r\n')).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('with headers over the limit is cut with 431', async () => {
    expect(await talk(`GET /livez HTTP/1.1\r\nhost: x\r\nx-long: ${'x'.repeat(headerBytesMax)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
  });

  it('that does not speak HTTP is cut with 400', async () => {
    expect(await talk('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03')).toMatch(/^HTTP\/1\.1 400 /);
  });

  it('that names its body length twice, differently, is cut with 400', async () => {
    expect(await talk(`${post(7)}content-length: 8\r\n\r\n{"a":1}`)).toMatch(/^HTTP\/1\.1 400 /);
  });
});

describe('an upload', () => {
  const upload = (length: number) =>
    `POST /upload HTTP/1.1\r\nhost: x\r\ncontent-type: application/octet-stream\r\ncontent-length: ${length}\r\n\r\n`;

  it('may take longer than a request, for as long as it keeps coming', async () => {
    const pieces = 30;
    const piece = Buffer.alloc(slowBodyBytesPerSecondMin / 10);
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    await once(socket, 'connect');
    const answered = once(socket, 'data');
    socket.write(upload(pieces * piece.length));
    // Four times the time of a request, and longer than it takes the server to look for late ones.
    for (let sent = 0; sent < pieces; sent++) {
      socket.write(piece);
      await new Promise((resolve) => setTimeout(resolve, 1_600 / pieces));
    }
    const [heard] = await answered;
    expect(String(heard)).toMatch(/^HTTP\/1\.1 200 /);
    expect(String(heard)).toContain(`{"bytes":${pieces * piece.length}}`);
    socket.destroy();
  });

  it('that stops coming is cut with 408', async () => {
    expect(await talk(upload(1_000_000), 'x')).toMatch(/^HTTP\/1\.1 408 /);
  });
});

it('a closing server finishes what it has begun', async () => {
  const origin = `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;
  const answering = fetch(`${origin}/slow`);
  await begun;
  const closing = app.close();
  finish();
  expect(await (await answering).json()).toEqual({ done: true });
  await closing;
});
