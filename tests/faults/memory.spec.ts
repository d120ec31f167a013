import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf } from '../scenarios/client.ts';
import { startServerProcess } from './server-process.ts';

const rounds = 300;
const growthMibMax = 64;

const residentMib = async (pid: number): Promise<number> =>
  Number(/^VmRSS:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1]) / 1024;

describe('hostile requests', () => {
  let server: HindcastProcess | undefined;
  let folder = '';
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('leave the memory of the process where it was', async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-memory-'));
    server = await startServerProcess(folder);
    const { request } = clientOf(server.url);
    const bodies = [
      `{"model":"churn","input":${'['.repeat(50_000)}${']'.repeat(50_000)}}`,
      JSON.stringify({
        model: 'churn',
        input: { ...Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`f${at}`, at])) },
      }),
      JSON.stringify({ model: 'x'.repeat(60), input: [1] }),
      `{"model":"churn","input":"${'x'.repeat(900_000)}"}`,
      '{"model":"churn",',
    ];
    const attack = async () => {
      for (const body of bodies) {
        const { status } = await request('POST', '/v1/predictions', {
          body,
          headers: { 'idempotency-key': `k${Math.random()}` },
        });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
      }
    };
    for (let round = 0; round < rounds / 3; round++) await attack();
    const before = await residentMib(server.pid);
    for (let round = 0; round < rounds; round++) await attack();
    expect((await residentMib(server.pid)) - before).toBeLessThan(growthMibMax);
  });
});
