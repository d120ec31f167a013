import { Readable } from 'node:stream';
import type { FastifyPluginAsync } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { buildHttpServer, type HttpServer } from './http-server.ts';

const routes: FastifyPluginAsync = async (app) => {
  app.get('/things/:id', async () => ({}));
  app.route({ method: ['POST', 'PUT'], url: '/things', handler: async (_request, reply) => reply.code(201).send({}) });
  app.get('/fails', async () => {
    throw new Error('It failed.');
  });
  app.get('/streams', async (_request, reply) =>
    reply
      .headers({ 'content-type': 'text/event-stream', 'x-accel-buffering': 'no' })
      .send(Readable.from(['data: 1\n'])),
  );
};

let app: HttpServer;
afterEach(() => app.close());

/** A server with what it has told of its answers. */
const serve = async () => {
  const told: string[] = [];
  const openapi = { title: 'Test', version: '1.0.0', description: 'For tests' };
  app = buildHttpServer({
    openapi,
    requests: ({ method, route, status, ms }) =>
      void told.push(`${method} ${route} ${status} ${ms === undefined ? 'untimed' : ms >= 0}`),
  });
  app.register(routes);
  await app.ready();
  await app.inject('/things/own');
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const ask = async (method: string, path: string, headers = {}) => {
    const answer = await fetch(url + path, { method, headers });
    await answer.arrayBuffer();
    return answer.status;
  };
  return { ask, told };
};

describe('who observes requests', () => {
  it('is told of each answer once, by the pattern of its route, and of none that the process asked of itself', async () => {
    const { ask, told } = await serve();
    await ask('GET', '/things/1');
    await ask('GET', '/things/2?page=7');
    await ask('HEAD', '/things/1');
    await ask('POST', '/things');
    await ask('PUT', '/things');
    await ask('GET', '/fails');
    const expected = [
      'GET /things/:id 200 true',
      'GET /things/:id 200 true',
      'HEAD /things/:id 200 true',
      'POST /things 201 true',
      'PUT /things 201 true',
      'GET /fails 500 true',
    ];
    await expect.poll(() => told).toEqual(expected);
  });

  it('has one name for all that no route answers, whatever clients ask', async () => {
    const { ask, told } = await serve();
    for (let at = 0; at < 20; at++) await ask('GET', `/nothing/${at}`);
    for (const method of ['DELETE', 'PROPFIND', 'QUERY']) await ask(method, '/things');
    await ask('GET', '/%ff');
    await expect.poll(() => told.length).toBeGreaterThanOrEqual(23);
    expect(new Set(told.map((line) => line.replace(/\d+ true$/, '')))).toEqual(new Set(['undefined undefined ']));
  });

  it('hears no time of streams, and of answers that a client wished to wait for', async () => {
    const { ask, told } = await serve();
    await ask('GET', '/things/1', { prefer: 'wait=5' });
    await ask('GET', '/fails', { prefer: 'respond-async, wait=5' });
    await ask('GET', '/streams');
    await expect
      .poll(() => told)
      .toEqual(['GET /things/:id 200 untimed', 'GET /fails 500 untimed', 'GET /streams 200 untimed']);
  });
});
