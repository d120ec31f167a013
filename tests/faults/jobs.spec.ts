import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf, until } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { startServerProcess } from './server-process.ts';

const batches = 20;
const itemsOfBatch = 1_000;

describe('a rebuild whose process is killed', () => {
  let server: HindcastProcess | undefined;
  let folder = '';
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });

  it('goes on in the next one, under the same id, and the view equals the live one', async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-jobs-'));
    server = await startServerProcess(folder);
    const first = clientOf(server.url);
    const items = Array.from({ length: itemsOfBatch }, () => ({ input: churnInput }));
    let last: unknown;
    for (let batch = 0; batch < batches; batch++) {
      const { status, body } = await first.submit({ model: 'churn', items });
      expect(status).toBe(202);
      last = (body['items'] as { id: string }[]).at(-1)?.id;
    }
    await first.ended(last);
    const begun = await first.request('POST', '/v1/projections/prediction-status/rebuild');
    expect(begun.status).toBe(202);
    const id = String(begun.body['id']);
    await until('the rebuild is under way', async () => {
      const { body } = await first.request('GET', `/v1/jobs/${id}`);
      if (body['status'] === 'succeeded') throw new Error('The rebuild was too quick to be killed.');
      return body['status'] === 'running';
    });
    await server.kill();

    server = await startServerProcess(folder);
    const second = clientOf(server.url);
    await until(
      'the rebuild has ended',
      async () => {
        const { body } = await second.request('GET', `/v1/jobs/${id}`, { headers: { prefer: 'wait=10' } });
        return body['endedAt'] !== undefined;
      },
      60_000,
    );
    const { body: job } = await second.request('GET', `/v1/jobs/${id}`);
    expect(job).toMatchObject({ status: 'succeeded', attempts: 2, result: { promoted: true } });
    const { body: rebuild } = await second.request('GET', String(begun.headers.get('location')));
    expect(rebuild).toMatchObject({
      phase: 'done',
      verification: { 'prediction-status': { different: 0, onlyLive: 0 } },
    });
    expect((await second.get(last)).body['status']).toBe('succeeded');
  });
});
