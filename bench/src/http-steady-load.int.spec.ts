import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { runSteadyLoad } from './http-steady-load.ts';

const answerAfter = async (ms: number) => {
  let most = 0;
  let open = 0;
  const server = createServer((_, response) => {
    open += 1;
    most = Math.max(most, open);
    setTimeout(() => {
      open -= 1;
      response.end('{}');
    }, ms);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    most: () => most,
    stop: () => server.close(),
  };
};

it('sends what is due, whether or not the answers are there', async () => {
  const server = await answerAfter(300);
  const load = { port: server.port, path: '/', bodies: ['{}'], connections: 100 };
  const { timed, unsent } = await runSteadyLoad({ ...load, perSecond: 100, seconds: 0.5 });
  server.stop();
  expect({ answered: timed.length, unsent }).toEqual({ answered: 50, unsent: 0 });
  expect(server.most()).toBeGreaterThan(20);
  expect(Math.min(...timed.map(({ ms }) => ms))).toBeGreaterThan(290);
});

it('counts what was due and found no connection free, and the time that a request waited for one', async () => {
  const server = await answerAfter(100);
  const load = { port: server.port, path: '/', bodies: ['{}'], connections: 1 };
  const { timed, unsent } = await runSteadyLoad({ ...load, perSecond: 100, seconds: 2 });
  server.stop();
  expect(timed.length + unsent).toBe(200);
  expect(unsent).toBeGreaterThan(100);
  expect(Math.max(...timed.map(({ ms }) => ms))).toBeGreaterThan(900);
});
