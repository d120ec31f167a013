import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf, until } from '../scenarios/client.ts';
import { makeFolderWithPredictions } from './dataset-history.ts';
import { startServerProcess } from './server-process.ts';

const predictions = 20_000;
const kills = 2;
const hindcast = fileURLToPath(new URL('../../hindcast/dist/main.js', import.meta.url));

let server: HindcastProcess | undefined;
const folders: string[] = [];
afterAll(async () => {
  await server?.kill();
  await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
});
const newFolder = async (): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-datasets-'));
  folders.push(folder);
  return folder;
};

it('a cut whose process is killed again and again ends with the bytes that another machine gets', async () => {
  const [data, out] = [await newFolder(), await newFolder()];
  await makeFolderWithPredictions(data, predictions);
  server = await startServerProcess(data);
  const wish = {
    model: 'churn',
    labels: { absent: 'keep' },
    split: {
      parts: [
        { name: 'train', share: 0.8 },
        { name: 'test', share: 0.2 },
      ],
    },
  };
  const asked = await clientOf(server.url).request('POST', '/v1/datasets', { body: wish });
  expect(asked.status).toBe(202);
  const { id, job } = asked.body;
  for (let kill = 1; kill <= kills; kill++) {
    const { request } = clientOf(server.url);
    await until(`attempt ${kill} is under way`, async () => {
      const { body } = await request('GET', `/v1/jobs/${String(job)}`);
      if (body['status'] === 'succeeded') throw new Error('The cut was too quick to be killed.');
      return body['status'] === 'running' && body['attempts'] === kill;
    });
    await server.kill();
    server = await startServerProcess(data);
  }
  const { request } = clientOf(server.url);
  await until(
    'the set is cut',
    async () =>
      (await request('GET', `/v1/jobs/${String(job)}`, { headers: { prefer: 'wait=5' } })).body['endedAt'] !==
      undefined,
    60_000,
  );
  expect((await request('GET', `/v1/jobs/${String(job)}`)).body).toMatchObject({
    status: 'succeeded',
    attempts: kills + 1,
  });
  const answer = await fetch(`${server.url}/v1/datasets/${String(id)}`);
  const manifest = await answer.text();
  expect(await server.terminate()).toBe(0);

  const { cut } = JSON.parse(manifest) as { cut: { epoch: number; ranges: { partition: number; to: number }[] } };
  const to = cut.ranges.map((range) => `${cut.epoch}:${range.partition}:${range.to}`).join(',');
  const args = ['datasets', 'create', 'churn', '--data', data, '--out', out, '--to', to];
  await promisify(execFile)(process.execPath, [
    hindcast,
    ...args,
    '--unlabelled',
    'keep',
    '--split',
    'train=0.8,test=0.2',
  ]);
  expect(await readFile(join(out, 'manifest.json'), 'utf8')).toBe(manifest);
  const { accountedFor } = JSON.parse(manifest) as { accountedFor: Record<string, number> };
  expect(accountedFor).toMatchObject({ requests: predictions, failed: Math.ceil(predictions / 7) });
});
