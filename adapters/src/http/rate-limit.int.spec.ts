import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox';
import { createMemoryRateLimits } from '@hindcast/domain/in-memory';
import { afterEach, describe, expect, it } from 'vitest';
import { buildHttpServer, type HttpServer, type HttpServerOptions } from './http-server.ts';

const routes: FastifyPluginAsyncTypebox = async (app) => {
  for (const url of ['/v1/things', '/v2/health/live', '/predict', '/getResults']) app.get(url, async () => ({}));
};
const limit = (requestsMax: number) => ({ limits: createMemoryRateLimits({ now: () => 1_000 }), requestsMax });

const opened: HttpServer[] = [];
const serve = async (options: Partial<HttpServerOptions>): Promise<[string, HttpServer]> => {
  const app = buildHttpServer({ openapi: { title: 'Test', version: '1.0.0', description: 'For tests' }, ...options });
  app.register(routes);
  opened.push(app);
  return [await app.listen({ host: '127.0.0.1', port: 0 }), app];
};
afterEach(async () => {
  await Promise.all(opened.splice(0).map((app) => app.close()));
});

describe('a limit of requests', () => {
  it('is told with every answer, and refuses one too many with when to come again', async () => {
    const [url] = await serve({ rateLimit: limit(2) });
    const first = await fetch(`${url}/v1/things`);
    expect(first.status).toBe(200);
    expect(first.headers.get('ratelimit-policy')).toBe('"default";q=2;w=60');
    expect(first.headers.get('ratelimit')).toBe('"default";r=1;t=60');
    await fetch(`${url}/v1/things`);
    const refused = await fetch(`${url}/v1/things`);
    expect(refused.status).toBe(429);
    expect(refused.headers.get('retry-after')).toBe('60');
    expect(refused.headers.get('ratelimit')).toBe('"default";r=0;t=60');
    expect(await refused.json()).toMatchObject({ type: '/problems/rate-limited', status: 429 });
  });

  it('leaves alone what monitors and readers of the documents ask', async () => {
    const [url] = await serve({ rateLimit: limit(1) });
    const paths = ['/livez', '/readyz', '/v2/health/live', '/openapi.json', '/problems', '/livez'];
    for (const path of paths) {
      const answer = await fetch(url + path);
      expect(answer.status).toBe(200);
      expect(answer.headers.get('ratelimit')).toBeNull();
    }
    expect((await fetch(`${url}/v1/things`)).status).toBe(200);
  });

  it('counts requests under short names as those under long ones', async () => {
    const [url] = await serve({ rateLimit: limit(2) });
    const statuses: number[] = [];
    for (const path of ['/predict', '/getResults', '/v1/things', '/predict']) {
      statuses.push((await fetch(url + path)).status);
    }
    expect(statuses).toEqual([200, 200, 429, 429]);
  });

  it('is not there where none was set', async () => {
    const [url] = await serve({});
    const answer = await fetch(`${url}/v1/things`);
    expect(answer.headers.get('ratelimit-policy')).toBeNull();
  });

  it('does not count what the process asks of itself before it listens', async () => {
    const app = buildHttpServer({ openapi: { title: 'T', version: '1', description: 'd' }, rateLimit: limit(1) });
    app.register(routes);
    opened.push(app);
    for (let i = 0; i < 3; i += 1) expect((await app.inject('/v1/things')).statusCode).toBe(200);
  });

  it("is of the client that a trusted balancer names, and of nobody else's word", async () => {
    const statuses = async (options: Partial<HttpServerOptions>) => {
      const [url] = await serve({ rateLimit: limit(1), ...options });
      const from = async (client: string) =>
        (await fetch(`${url}/v1/things`, { headers: { 'x-forwarded-for': client } })).status;
      return [await from('203.0.113.1'), await from('203.0.113.2'), await from('1.1.1.1, 203.0.113.2')];
    };
    expect(await statuses({ trustProxy: 'loopback' })).toEqual([200, 200, 429]);
    expect(await statuses({})).toEqual([200, 429, 429]);
  });
});
