import { createServer } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { defaultConfig } from './index.ts';
import type { Role } from './parts/roles.ts';
import type { Config } from './settings.ts';
import { openPorts, startHindcast } from './start-hindcast.ts';

const nothing = () => undefined;
const silent = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });

/** Starts a Hindcast whose view of models is held up, as views are that have to be folded anew from a long log. */
const startHeldUp = async () => {
  let release = (): void => {};
  const released = new Promise<void>((resolve) => {
    release = resolve;
  });
  const config: Config = { ...defaultConfig, host: '127.0.0.1', port: await freePort(), memory: true, children: 1 };
  const open: typeof openPorts = async (...given) => {
    const ports = await openPorts(...given);
    const { views } = ports;
    const modelStore: typeof views.modelStore = (generation) => {
      const store = views.modelStore(generation);
      return { ...store, save: (...saved) => released.then(() => store.save(...saved)) };
    };
    return { ...ports, views: { ...views, modelStore } };
  };
  const ending = new AbortController();
  const start = startHindcast(config, silent, undefined, { open, ending: ending.signal });
  start.catch(nothing);
  const url = `http://127.0.0.1:${config.port}`;
  await expect.poll(async () => (await fetch(`${url}/livez`)).status, { timeout: 30_000 }).toBe(200);
  return { url, start, ending, release };
};

const statusOf = async (url: string) => (await (await fetch(`${url}/readyz`)).json()) as object;

it('answers while its views are not there yet, and says that it is starting', async () => {
  const { url, start, release } = await startHeldUp();
  expect(await statusOf(url)).toEqual({ status: 'starting' });
  release();
  const { stop } = await start;
  expect(await statusOf(url)).toEqual({ status: 'ready' });
  await stop();
});

it('answers what came meanwhile, and ends, where it is asked to end while it starts', async () => {
  const { url, start, ending, release } = await startHeldUp();
  const waiting = fetch(`${url}/v1/predictions/nobody`, { headers: { prefer: 'wait=20' } });
  await pause(100);
  ending.abort(new Error('It is over.'));
  expect((await waiting).status).toBe(404);
  release();
  await expect(start).rejects.toThrow('It is over.');
  await expect(fetch(`${url}/livez`)).rejects.toThrow('fetch failed');
});

/** The warnings of a start, as the process of a role beside others where one is given. */
const warningsOf = async (host: string, role?: Role): Promise<unknown[][]> => {
  const warnings: unknown[][] = [];
  const logger = { ...silent, warn: (...said: unknown[]) => warnings.push(said) };
  const config: Config = { ...defaultConfig, host, port: 0, memory: true, children: 1 };
  const open: typeof openPorts = async (...given) => ({ ...(await openPorts(...given)), shared: role !== undefined });
  const { stop } = await startHindcast(config, logger, role && [role], { open });
  await stop();
  return warnings;
};

it('says once that others may do everything, where they reach it', async () => {
  const told = [[{ host: '0.0.0.0' }, expect.stringMatching(/no accounts.* proxy that authenticates.* loopback/)]];
  expect(await warningsOf('0.0.0.0')).toEqual(told);
  for (const role of ['command-api', 'query-api'] as const) expect(await warningsOf('0.0.0.0', role)).toEqual(told);
  // It answers nothing but how it is.
  expect(await warningsOf('0.0.0.0', 'projector')).toEqual([]);
});

it.each(['127.0.0.1', 'localhost'])('says nothing of the kind on %s', async (host) => {
  expect(await warningsOf(host, 'query-api')).toEqual([]);
});
