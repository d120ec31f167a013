import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { LogError } from '@hindcast/domain';
import { Type } from '@sinclair/typebox';
import { afterEach, describe, expect, it } from 'vitest';
import { wholeApiOf } from './api-description.ts';
import { buildHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts';
import { problem } from './problem.ts';
import { answers } from './problem-responses.ts';

const openapi = { title: 'Test', version: '1.0.0', description: 'For tests' };
const thingRoutes: FastifyPluginAsyncTypebox = async (app) => {
  app.post(
    '/things/:name/rename',
    {
      schema: {
        operationId: 'renameThing',
        params: Type.Object({ name: Type.String({ pattern: '^[a-z]{1,8}$' }) }),
        querystring: Type.Object(
          { times: Type.Optional(Type.Integer({ minimum: 1 })), loud: Type.Optional(Type.Boolean()) },
          { additionalProperties: false },
        ),
        body: Type.Object(
          {
            to: Type.String({ maxLength: 8 }),
            size: Type.Optional(Type.Number()),
            at: Type.Optional(Type.String({ format: 'date-time' })),
          },
          { additionalProperties: false },
        ),
        response: answers({ 200: Type.Object({ to: Type.String() }) }, 'unknown-model'),
      },
    },
    async (request) => ({ ...request.body, ...request.query }),
  );
  app.get('/fails', async () => {
    throw new Error('password=hunter2 at /etc/secret');
  });
  app.route({
    method: ['GET', 'POST'],
    url: '/log-down',
    handler: async () => {
      throw new LogError('unavailable', 'broker kafka-3:9092 refused');
    },
  });
  app.get('/refuses', async () => {
    throw problem('backlog-too-long', 'Later.', { headers: { 'retry-after': '7' } });
  });
};

const opened: HttpServer[] = [];
const serve = (options: Partial<HttpServerOptions> = {}): HttpServer => {
  const app = buildHttpServer({ openapi, ...options });
  app.register(thingRoutes);
  opened.push(app);
  return app;
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

const json = { 'content-type': 'application/json' };
const rename = (app: HttpServer, payload: string | Buffer | object, query = '', headers: object = json) =>
  app.inject({ method: 'POST', url: `/things/a/rename${query}`, payload, headers: { ...headers } });

describe('a request', () => {
  it('that fits is answered, its query numbers converted and nothing else', async () => {
    const answer = await rename(serve(), '{"to":"b"}', '?times=3&loud=false');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({ to: 'b', times: 3, loud: false });
  });

  it.each([
    ['a number as text', '{"to":"b","size":"1"}', '', 422, '/size'],
    ['an unknown member', '{"to":"b","extra":1}', '', 422, '/extra'],
    ['a missing member', '{}', '', 422, '/to'],
    ['a date that does not exist', '{"to":"b","at":"2026-13-01T00:00:00Z"}', '', 422, '/at'],
    ['a day that does not exist', '{"to":"b","at":"2026-02-29T00:00:00Z"}', '', 422, '/at'],
    ['a query number with a tail', '{"to":"b"}', '?times=3x', 400, 'times'],
    ['a query number with a fraction', '{"to":"b"}', '?times=3.5', 400, 'times'],
    ['a query parameter given twice', '{"to":"b"}', '?times=3&times=4', 400, 'times'],
    ['an unknown query parameter', '{"to":"b"}', '?sort=up', 400, 'sort'],
  ])('with %s is refused with a pointer', async (_what, payload, query, status, pointer) => {
    const answer = await rename(serve(), payload, query);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['content-type']).toMatch('application/problem+json');
    expect(answer.json().errors).toContainEqual({ pointer, detail: expect.any(String) });
  });

  it('gets a bounded list of faults', async () => {
    const payload = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, 1]));
    const answer = await rename(serve(), payload);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().errors).toHaveLength(32);
  });

  it.each([
    ['no media type', {}, 415],
    ['another media type', { 'content-type': 'text/plain' }, 415],
    ['a broken media type', { 'content-type': 'nonsense' }, 415],
  ])('with %s is refused, naming what is read', async (_what, headers, status) => {
    const answer = await rename(serve(), 'to=b', '', headers);
    expect(answer.statusCode).toBe(status);
    expect(answer.headers['accept']).toBe('application/json');
    expect(answer.json()).toMatchObject({ type: '/problems/unsupported-media-type', instance: '/things/a/rename' });
  });

  it('over the body limit is refused with the limit', async () => {
    const answer = await rename(serve({ bodyBytesMax: 64 }), JSON.stringify({ to: 'b'.repeat(99) }));
    expect(answer.statusCode).toBe(413);
    expect(answer.json().detail).toMatch('64 bytes');
  });

  it('without a body is malformed', async () => {
    expect((await rename(serve(), '')).statusCode).toBe(400);
    expect((await serve().inject({ method: 'POST', url: '/things/a/rename' })).statusCode).toBe(400);
  });
});

describe('a path', () => {
  it('that nobody answers is 404, and with another method 405 with Allow', async () => {
    const app = serve();
    expect((await app.inject('/nothing')).json()).toMatchObject({ type: '/problems/not-found', status: 404 });
    const put = await app.inject({ method: 'PUT', url: '/things/a/rename?x=1', payload: '{', headers: json });
    expect(put.statusCode).toBe(405);
    expect(put.headers['allow']).toBe('POST');
    const del = await app.inject({ method: 'DELETE', url: '/livez' });
    expect(del.headers['allow']).toBe('GET, HEAD');
    for (const method of ['OPTIONS', 'QUERY', 'PROPFIND', 'TRACE'] as const) {
      expect((await app.inject({ method: method as 'OPTIONS', url: '/livez' })).statusCode).toBe(405);
    }
  });

  it('that is no URL is malformed', async () => {
    expect((await serve().inject('/things/%zz')).json()).toMatchObject({
      type: '/problems/malformed-request',
      detail: 'A % in the path begins no character in UTF-8; a % itself is written as %25.',
    });
  });
});

describe('an error of the server', () => {
  it('says nothing of its inside, and is logged under the trace id of the answer', async () => {
    const logged: object[] = [];
    const log = (fields: object) => void logged.push(fields);
    const app = serve({ logger: { debug: log, info: log, warn: log, error: log } });
    const answer = await app.inject('/fails');
    expect(answer.statusCode).toBe(500);
    expect(answer.body).not.toMatch(/hunter2|secret/);
    expect(logged).toEqual([expect.objectContaining({ traceId: answer.json().traceId })]);
    const down = await app.inject('/log-down');
    expect(down.statusCode).toBe(503);
    expect(down.headers['retry-after']).toBe('1');
    expect(down.body).not.toMatch('kafka-3');
    expect(down.json().detail).toBe('The event log cannot be read at the moment.');
    const unwritten = await app.inject({ method: 'POST', url: '/log-down' });
    expect(unwritten.json().detail).toBe('The event log cannot be written at the moment.');
  });

  it('keeps the headers of a refusal and the trace of the caller', async () => {
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    const answer = await serve().inject({
      url: '/refuses',
      headers: { traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    });
    expect(answer.headers['retry-after']).toBe('7');
    expect(answer.json()).toMatchObject({ status: 503, traceId });
  });
});

describe('the service', () => {
  it('explains every error to people and programs', async () => {
    const app = serve();
    const all = (await app.inject('/problems')).json();
    for (const { type, title } of all.data) {
      const page = await app.inject({ url: type, headers: { accept: 'text/html' } });
      expect(page.headers['content-type']).toMatch('text/html');
      expect(page.body).toContain(title);
      expect((await app.inject(type)).json()).toMatchObject({ type, title });
    }
  });

  it('answers an error code that there is not as a page too, and shows code as code', async () => {
    const app = serve();
    const headers = { accept: 'text/html' };
    expect((await app.inject('/problems/none')).json()).toMatchObject({ type: '/problems/unknown-problem' });
    const page = await app.inject({ url: '/problems/none', headers });
    expect([page.statusCode, page.headers['content-type']]).toEqual([404, 'text/html; charset=utf-8']);
    expect(page.headers['vary']).toBe('accept');
    expect(page.body).toContain('<a href="../problems">');
    const input = await app.inject({ url: '/problems/invalid-input', headers });
    expect(input.body).toContain('Each entry of <code>errors</code> points');
    expect(input.body).toContain('<title>The input does not fit the model · Hindcast</title>');
    expect(input.body).not.toContain('`');
  });

  it('ends JSON with a line feed, errors too', async () => {
    const app = serve();
    for (const url of ['/livez', '/problems', '/nothing', '/fails', '/openapi.json']) {
      expect([url, (await app.inject(url)).body.endsWith('}\n')]).toEqual([url, true]);
    }
  });

  it('is ready as its required checks are, and not while it starts or drains', async () => {
    const up = { required: true, check: async () => undefined };
    const down = (required: boolean) => ({ required, check: () => Promise.reject(new Error('redis://secret')) });
    let [starting, draining] = [true, false];
    const phases = { starting: () => starting, draining: () => draining };
    const ready = serve({ readiness: { checks: { log: up, cache: down(false) }, ...phases } });
    const early = await ready.inject('/readyz');
    expect([early.statusCode, early.json()]).toEqual([503, { status: 'starting' }]);
    starting = false;
    const answer = await ready.inject('/readyz?verbose');
    expect(answer.statusCode).toBe(200);
    expect(answer.json()).toEqual({
      status: 'degraded',
      checks: { log: { status: 'up', required: true }, cache: { status: 'down', required: false } },
    });
    draining = true;
    expect((await ready.inject('/readyz')).json()).toEqual({ status: 'draining' });
    const unready = serve({ readiness: { checks: { log: down(true) } } });
    expect((await unready.inject('/readyz')).statusCode).toBe(503);
    expect((await unready.inject('/livez')).statusCode).toBe(200);
  });

  it('describes its routes, with every status they answer', async () => {
    const app = serve();
    const document = (await app.inject('/openapi.json')).json();
    expect(document.openapi).toBe('3.1.0');
    const operation = document.paths['/things/{name}/rename'].post;
    expect(Object.keys(operation.responses)).toEqual(['200', '400', '404', '408', '413', '415', '422', '431', '500']);
    expect(operation.responses[404].content['application/problem+json'].schema.$ref).toBe(
      '#/components/schemas/Problem',
    );
    expect(document.components.schemas.Problem.properties.type).toBeDefined();
    expect(document.servers[0].url).toBe('/');
    expect(document.tags.map(({ name }: { name: string }) => name)).toEqual([
      'Predictions',
      'Models',
      'Events',
      'Verification',
      'Statistics',
      'Projections',
      'Open Inference Protocol',
      'Service',
    ]);
  });

  it('shows the description without asking another host', async () => {
    const app = serve();
    const page = await app.inject('/docs/');
    expect(page.statusCode).toBe(200);
    expect(page.headers['content-security-policy']).toMatch("connect-src 'self'");
    expect(page.body.match(/(src|href)="https?:/g)).toBeNull();
  });
});

describe('one of several servers at an address', () => {
  it('describes what all of them answer, and refuses other methods in the name of all', async () => {
    const others = buildHttpServer({ openapi });
    others.register(thingRoutes);
    await others.ready();
    const wholeApi = wholeApiOf(others);
    await others.close();
    const app = buildHttpServer({ openapi, wholeApi });
    opened.push(app);
    expect((await app.inject('/openapi.json')).json().paths).toHaveProperty(['/things/{name}/rename']);
    const answer = await app.inject('/things/a/rename');
    expect([answer.statusCode, answer.headers['allow']]).toEqual([405, 'POST']);
    const elsewhere = await app.inject({ method: 'POST', url: '/things/a/rename' });
    expect([elsewhere.statusCode, elsewhere.headers['allow']]).toEqual([421, undefined]);
    expect(elsewhere.json().type).toBe('/problems/wrong-process');
    expect(elsewhere.json().detail).toContain('POST of this path is answered by another process');
    expect((await app.inject('/nothing')).statusCode).toBe(404);
  });

  it('shows its own metrics to scrapers', async () => {
    const app = serve({ metrics: { contentType: 'text/plain; version=0.0.4', metrics: async () => 'seen_total 3\n' } });
    const answer = await app.inject('/metrics');
    expect([answer.body, answer.headers['content-type']]).toEqual(['seen_total 3\n', 'text/plain; version=0.0.4']);
    expect((await serve().inject('/metrics')).statusCode).toBe(404);
  });
});
