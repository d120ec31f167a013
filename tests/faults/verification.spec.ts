import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { type Client, clientOf, sampleFile, until } from '../scenarios/client.ts';
import { endOf, jobEnded } from '../scenarios/verification.ts';
import { churnInput } from './churn-input.ts';
import { startServerProcess } from './server-process.ts';

const batches = 10;
const itemsOfBatch = 1_000;
const predictions = batches * itemsOfBatch;

describe('10,000 predictions', () => {
  let server: HindcastProcess;
  let client: Client;
  let folder = '';
  const start = async () => {
    server = await startServerProcess(folder);
    client = clientOf(server.url);
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hindcast-verify-'));
    await start();
    for (let batch = 0; batch < batches; batch++) {
      const items = Array.from({ length: itemsOfBatch }, (_, at) => ({
        input: { ...churnInput, tenure_months: at % 60, usage_hours: batch + at / 7 },
      }));
      const { status, body } = await client.submit({ model: 'churn', items });
      expect(status).toBe(202);
      if (batch === batches - 1)
        await Promise.all((body['items'] as { id: string }[]).map(({ id }) => client.ended(id)));
    }
  });
  afterAll(async () => {
    await server?.kill();
    await rm(folder, { recursive: true, force: true });
  });
  const verify = (body: object) => client.request('POST', '/v1/verifications', { body });

  it('are given again bit by bit', async () => {
    const { report } = await jobEnded(client, await verify({ rowsPerSecondMax: 1_000_000 }));
    expect(report).toMatchObject({ verified: predictions, exact: predictions, reasons: {} });
  });

  it('are verified to the end by the next process where one is killed, and none of them twice', async () => {
    const begun = await verify({ rowsPerSecondMax: 2_500, to: await endOf(client) });
    const job = `/v1/jobs/${String(begun.body['id'])}`;
    await until('some are verified', async () => {
      const { body } = await client.request('GET', String((begun.body['links'] as { self: string }).self));
      return Number((body['report'] as { verified?: number } | undefined)?.verified ?? 0) > 0;
    });
    await server.kill();
    await start();
    const { report } = await jobEnded(client, begun);
    expect(report).toMatchObject({ verified: predictions, exact: predictions, counts: { requests: predictions } });
    expect((await client.request('GET', job)).body).toMatchObject({ attempts: 2 });
  });

  it('are mismatches when one byte of their model is another one, and nothing else breaks', async () => {
    const name = createHash('sha256')
      .update(await readFile(sampleFile('churn/model.onnx')))
      .digest('hex');
    const places = await readdir(folder, { recursive: true });
    const file = join(folder, places.find((place) => place.endsWith(name)) ?? 'nowhere');
    const bytes = await readFile(file);
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    await rm(file);
    await writeFile(file, bytes);
    const { report } = await jobEnded(client, await verify({ rowsPerSecondMax: 1_000_000 }));
    expect(report).toMatchObject({ verified: predictions, exact: 0, mismatch: predictions });
    expect(report).toMatchObject({ reasons: { model_changed: predictions } });
    expect((await client.request('GET', '/v1/models/churn')).status).toBe(200);
  });
});
