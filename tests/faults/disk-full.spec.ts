import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { startServerProcess } from './server-process.ts';

/** No file of the process may grow beyond this soft limit: what it writes then fails as on a full disk. */
const limitFiles = (server: HindcastProcess, bytes: number | 'unlimited') =>
  execFileSync('prlimit', ['--pid', String(server.pid), `--fsize=${bytes}:`]);

describe('a disk that is full', () => {
  let server: HindcastProcess | undefined;
  let folder = '';
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('stops accepts with 503 and loses nothing that was accepted; with room again everything goes on', async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-full-'));
    server = await startServerProcess(folder);
    const client = clientOf(server.url);
    const items = Array.from({ length: 100 }, () => ({ input: churnInput }));
    const accepted: string[] = [];
    const submit = async () => {
      const answer = await client.submit({ model: 'churn', items });
      if (answer.status === 202) for (const { id } of answer.body['items'] as { id: string }[]) accepted.push(id);
      return answer;
    };
    expect((await submit()).status).toBe(202);
    limitFiles(server, 3_000_000);
    let refused = await submit();
    for (let tries = 0; refused.status === 202 && tries < 500; tries++) refused = await submit();
    expect(refused.status).toBe(503);
    expect(refused.body['type']).toBe('/problems/log-unavailable');
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
    expect((await fetch(`${server.url}/livez`)).status).toBe(200);

    limitFiles(server, 'unlimited');
    const again = await submit();
    expect(again.status).toBe(202);
    for (const id of accepted) expect(['succeeded', 'expired']).toContain((await client.ended(id))['status']);
    await server.kill();
    server = await startServerProcess(folder);
    const successor = clientOf(server.url);
    for (const id of accepted) expect((await successor.get(id)).status).toBe(200);
  });
});
