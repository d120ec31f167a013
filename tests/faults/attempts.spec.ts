import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf, modelFile, until } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { startServerProcess } from './server-process.ts';

/** Turns of the slow model's loop that keep it busy for longer than any start of the server takes. */
const minutesOfTurns = 100_000_000;

describe('a prediction whose run takes the whole process down with it', () => {
  let server: HindcastProcess | undefined;
  let folder = '';
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('fails after three attempts that the log knows of, and what waited beside it succeeds', async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-attempts-'));
    server = await startServerProcess(folder);
    const first = clientOf(server.url);
    expect((await first.addModel('slow', modelFile('slow'), '?timeoutMs=600000&deadlineMs=3600000')).status).toBe(201);
    const { body } = await first.submit({ model: 'slow', input: [minutesOfTurns] });
    const id = String(body['id']);
    const beside: unknown[] = [];
    for (const attempt of [1, 2, 3]) {
      const client = clientOf(server.url);
      beside.push((await client.submit({ model: 'churn', input: churnInput })).body['id']);
      await until(`attempt ${attempt} runs`, async () => {
        const { body: shown } = await client.get(id);
        return shown['status'] === 'running' && shown['attempts'] === attempt;
      });
      await server.kill();
      server = await startServerProcess(folder);
    }
    const failed = await clientOf(server.url).ended(id);
    expect([failed['status'], failed['attempts']]).toEqual(['failed', 3]);
    expect((failed['error'] as { code: string }).code).toBe('attempts_exhausted');
    for (const other of beside) expect((await clientOf(server.url).ended(other))['status']).toBe('succeeded');
  });
});
