import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { runLoad } from '../http-load.ts';
import { overHttp } from './measure-over-http.ts';

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

const serve = async (status: (request: number) => number | undefined): Promise<number> => {
  let requests = 0;
  const server = createServer((request, response) => {
    const answer = status(++requests);
    if (answer === undefined) request.socket.destroy();
    else request.resume().on('end', () => response.writeHead(answer, { 'content-length': 2 }).end('{}'));
  });
  servers.push(server);
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return (server.address() as AddressInfo).port;
};

const load = (port: number) => ({ port, path: '/', bodies: ['{}'], connections: 4 });

describe('the load generator', () => {
  it('sends as many requests as it is told', async () => {
    const timed = await runLoad({ ...load(await serve(() => 200)), requests: 50 });
    expect(timed.map(({ status }) => status)).toEqual(Array(50).fill(200));
  });

  it('stops by the time, and has all answers then', async () => {
    let served = 0;
    const port = await serve(() => {
      served += 1;
      return 200;
    });
    const timed = await runLoad({ ...load(port), requests: Number.POSITIVE_INFINITY, msMax: 50 });
    expect(timed.length).toBe(served);
  });

  it('fails where a connection is closed under a request', async () => {
    const port = await serve((request) => (request > 10 ? undefined : 200));
    await expect(runLoad({ ...load(port), requests: 50 })).rejects.toThrow();
  });
});

describe('a measure', () => {
  const workload = (port: number) => ({ load: load(port), expects: 202, each: 10, pids: [process.pid] });

  it('counts predictions, and waits for their results', async () => {
    let requests = 0;
    const port = await serve(() => {
      requests += 1;
      return 202;
    });
    // Results come late: of two questions the second finds one that is missing.
    const found: number[] = [];
    let warmUp = 0;
    const count = async () => {
      if (found.length === 3) warmUp = requests;
      found.push(found.length % 2 === 0 ? requests * 3 : requests * 3 - 1);
      return found.at(-1) ?? 0;
    };
    const startedAt = performance.now();
    const figures = await overHttp('any', { ...workload(port), results: { count, each: 3 } }).run(0.2);
    const seconds = (performance.now() - startedAt) / 1_000;
    expect(found.at(-1)).toBe(requests * 3);
    expect(figures.perSecond).toBeGreaterThanOrEqual(((requests - warmUp) * 10) / seconds);
    expect(figures.cpuUs).toBeGreaterThan(0);
    expect(figures).not.toHaveProperty('p50Ms');
  });

  it('has times from request to result where the answer is the result', async () => {
    const { p50Ms = 0, p99Ms = 0 } = await overHttp('any', workload(await serve(() => 202))).run(0.2);
    expect(p50Ms).toBeGreaterThan(0);
    expect(p99Ms).toBeGreaterThanOrEqual(p50Ms);
  });

  it('is refused where requests are', async () => {
    const measure = overHttp('any', workload(await serve((request) => (request === 3 ? 503 : 202))));
    await expect(measure.run(0.2)).rejects.toThrow('answered 503, not 202');
  });
});
