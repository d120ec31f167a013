import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, describe, expect, it } from 'vitest';
import { type HindcastProcess, launcher } from '../distributed/hindcast-process.ts';
import { clientOf, until } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { childrenOf, startServerProcess } from './server-process.ts';

/** Of the 20 seconds that a process has to end. */
const endMsMax = 15_000;

const alive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

describe('the end of a process', () => {
  const folders: string[] = [];
  const servers: HindcastProcess[] = [];
  const start = async (folder?: string, ...more: readonly string[]) => {
    const data = folder ?? (await mkdtemp(join(tmpdir(), 'hindcast-drain-')));
    folders.push(data);
    const server = await startServerProcess(data, ...more);
    servers.push(server);
    return { server, data };
  };
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  it('SIGTERM under load: no request fails that was sent, exit 0, and the successor has every answer', async () => {
    const { server, data } = await start();
    const client = clientOf(server.url);
    const accepted: string[] = [];
    const broken: string[] = [];
    let stopping = false;
    const submitter = async () => {
      while (!stopping) {
        try {
          const { status, body } = await client.submit({ model: 'churn', input: churnInput }, { prefer: 'wait=5' });
          if (status === 201 || status === 202) accepted.push(String(body['id']));
          else broken.push(`HTTP ${status}`);
        } catch (error) {
          const { cause } = error as { cause?: { code?: string } };
          // A refused connection is a request that was never sent.
          if (cause?.code !== 'ECONNREFUSED') broken.push(`${String(cause?.code)} ${String(error)}`);
          return;
        }
      }
    };
    const load = Promise.all(Array.from({ length: 16 }, submitter));
    await until('the load runs', async () => accepted.length > 200);
    const code = await server.terminate();
    stopping = true;
    await load;
    expect(broken).toEqual([]);
    expect(code).toBe(0);
    const successor = clientOf((await start(data)).server.url);
    for (const id of accepted) expect((await successor.ended(id))['status']).toBe('succeeded');
  });

  it('SIGTERM is seen by a balancer that probes before requests are refused, where it is given the time', async () => {
    const { server } = await start(undefined, '--drain-notice-ms', '3000');
    const client = clientOf(server.url);
    const ended = server.terminate();
    await until('it says so', async () => {
      const probed = await fetch(`${server.url}/readyz`);
      return probed.status === 503 && ((await probed.json()) as { status: string }).status === 'draining';
    });
    const { status, body } = await client.submit({ model: 'churn', input: churnInput }, { prefer: 'wait=5' });
    expect([status, body['status']]).toEqual([201, 'succeeded']);
    expect(await ended).toBe(0);
  });

  it('Ctrl-C, which reaches the children too, lets them finish what they run', async () => {
    const { server, data } = await start();
    const client = clientOf(server.url);
    const { body } = await client.submit({
      model: 'churn',
      items: Array.from({ length: 1000 }, () => ({ input: churnInput })),
    });
    for (const pid of [...(await childrenOf(server.pid)), server.pid]) process.kill(pid, 'SIGINT');
    expect(await server.exited).toBe(0);
    const successor = clientOf((await start(data)).server.url);
    for (const { id } of body['items'] as { id: string }[]) {
      expect(await successor.ended(id)).toMatchObject({ status: 'succeeded', attempts: 1 });
    }
  });

  it('Ctrl-C that comes twice at once, as npm passes it on, is one wish: what is held is answered', async () => {
    const { server } = await start();
    const client = clientOf(server.url);
    await fetch(`${server.url}/v1/models/churn/pause`, { method: 'POST' });
    const held = client.submit({ model: 'churn', input: churnInput }, { prefer: 'wait=20' });
    await until('it is open', async () =>
      (await (await fetch(`${server.url}/metrics`)).text()).includes('\nhindcast_predictions_open 1\n'),
    );
    process.kill(server.pid, 'SIGINT');
    process.kill(server.pid, 'SIGINT');
    await delay(10);
    process.kill(server.pid, 'SIGINT');
    expect((await held).status).toBe(202);
    expect(await server.exited).toBe(0);
  });

  it('a second Ctrl-C a while later ends a process that takes its time', async () => {
    const { server } = await start(undefined, '--drain-notice-ms', '15000');
    process.kill(server.pid, 'SIGINT');
    await delay(1_500);
    process.kill(server.pid, 'SIGINT');
    expect(await server.exited).toBe(1);
    expect(server.output()).toContain('asked to end again (SIGINT)');
  });

  it('kill -9 leaves no inference child behind, and its successor cleans up', async () => {
    const { server, data } = await start();
    const folders = async () =>
      (await readdir(tmpdir())).filter(
        (name) => name.startsWith('hindcast-inference-') && name.includes(`-${server.pid}-`),
      );
    expect(await folders()).toHaveLength(1);
    const children = await childrenOf(server.pid);
    expect(children.length).toBeGreaterThan(0);
    await server.kill();
    await until('the children are gone', async () => children.every((pid) => !alive(pid)));
    await start(data);
    expect(await folders()).toEqual([]);
  });

  it('a second server on the same folder is refused with a text that says so', async () => {
    const { data } = await start();
    await expect(startServerProcess(data)).rejects.toThrow(/another|in use|already/i);
  });

  it('SIGTERM while its start waits for services that say nothing: exit 0, and soon', async () => {
    const deaf = createServer((socket) => socket.on('error', () => {}).resume()).listen(0, '127.0.0.1');
    await once(deaf, 'listening');
    const { port } = deaf.address() as AddressInfo;
    const data = await mkdtemp(join(tmpdir(), 'hindcast-deaf-'));
    folders.push(data);
    const child = spawn(process.execPath, [launcher, 'query-api', '--port', '0'], {
      env: {
        ...process.env,
        HINDCAST_DATA: data,
        KAFKA_BROKERS: `127.0.0.1:${port}`,
        MONGODB_URI: `mongodb://127.0.0.1:${port}`,
        REDIS_URL: `redis://127.0.0.1:${port}`,
      },
    });
    const exited = once(child, 'exit');
    await once(deaf, 'connection');
    const askedAt = performance.now();
    child.kill('SIGTERM');
    expect(await exited).toEqual([0, null]);
    expect(performance.now() - askedAt).toBeLessThan(endMsMax);
    deaf.close();
  });
});
