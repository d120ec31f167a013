import { execFile, spawn } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { DatasetManifest } from '@hindcast/domain';
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

const cut = (data: string, out: string) =>
  spawn(process.execPath, [hindcast, 'datasets', 'create', 'churn', '--data', data, '--out', out], {
    stdio: ['ignore', 'ignore', 'pipe'],
  });
const ending = async (
  child: ReturnType<typeof cut>,
): Promise<{ readonly code: number | null; readonly said: string }> => {
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += String(text)));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, said };
};

const workIn = (out: string): string => join(out, '.hindcast-unfinished', 'dataset-work');

it('of two processes that cut into one folder one is refused, and the other one ends with the right bytes', async () => {
  const [data, out, alone] = [await newFolder(), await newFolder(), await newFolder()];
  await makeFolderWithPredictions(data, predictions);
  expect((await ending(cut(data, alone))).code).toBe(0);

  const first = cut(data, out);
  const firstEnd = ending(first);
  await until('the first is at work', async () => existsSync(workIn(out)));
  // It stands still, so that the second one finds it at work however quick it is.
  first.kill('SIGSTOP');
  const second = await ending(cut(data, out));
  first.kill('SIGCONT');
  expect(await firstEnd).toMatchObject({ code: 0 });
  expect(second).toMatchObject({ code: 1, said: expect.stringContaining('Another process is putting a data set') });
  const bytes = async (folder: string) => {
    const names = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const paths = names.map(({ parentPath, name }) => join(parentPath, name)).toSorted();
    return Promise.all(paths.map(async (path) => [relative(folder, path), (await readFile(path)).toString('base64')]));
  };
  expect(await bytes(out)).toEqual(await bytes(alone));
});

it('what a cut that was killed has left is removed by the next one into the folder, of whatever set', async () => {
  const [data, out] = [await newFolder(), await newFolder()];
  await makeFolderWithPredictions(data, predictions);
  const killed = cut(data, out);
  const end = ending(killed);
  const works = () => readdirSync(workIn(out)).length;
  await until('it has put something aside', async () => existsSync(workIn(out)) && works() > 0);
  killed.kill('SIGKILL');
  await end;
  expect(works()).toBe(1);
  await writeFile(join(out, 'mine.txt'), 'Not of hindcast.');
  await promisify(execFile)(process.execPath, [
    ...[hindcast, 'datasets', 'create', 'churn', '--data', data, '--out', out, '--unlabelled', 'keep'],
  ]);
  expect(readdirSync(out).toSorted()).toEqual(['all', 'manifest.json', 'mine.txt']);
});

it('a file that the store has damaged is not sent as a whole one, is gone then, and is cut again to the same bytes', async () => {
  const [data, whole, damaged, again] = [await newFolder(), await newFolder(), await newFolder(), await newFolder()];
  await makeFolderWithPredictions(data, predictions);
  server = await startServerProcess(data);
  const { url } = server;
  const datasets = (...args: string[]) => {
    const child = spawn(process.execPath, [hindcast, 'datasets', ...args, '--url', url], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    return ending(child);
  };
  expect((await datasets('create', 'churn', '--unlabelled', 'keep', '--out', whole)).code).toBe(0);
  const text = await readFile(join(whole, 'manifest.json'), 'utf8');
  const { datasetId, cut, files } = JSON.parse(text) as DatasetManifest;
  const [{ name, sha256, bytes } = { name: '', sha256: '', bytes: 0 }] = files;
  const kept = join(data, 'artifacts', sha256);
  const content = await readFile(kept);
  content.writeUInt8(content.readUInt8(bytes >> 1) ^ 1, bytes >> 1);
  await writeFile(kept, content);

  expect((await datasets('download', datasetId, '--out', damaged)).code).toBe(1);
  expect(existsSync(join(damaged, name))).toBe(false);
  const answer = await fetch(`${url}/v1/datasets/${datasetId}/files/${name}`);
  expect([answer.status, await answer.json()]).toEqual([
    410,
    expect.objectContaining({ type: '/problems/dataset-file-gone' }),
  ]);
  expect(await readFile(`${kept}.damaged`)).toEqual(content);
  const to = cut.ranges.map((range) => `${cut.epoch}:${range.partition}:${range.to}`).join(',');
  const asked = await datasets('create', 'churn', '--unlabelled', 'keep', '--to', to, '--out', again);
  expect(asked).toMatchObject({ code: 0 });
  expect(await readFile(join(again, 'manifest.json'), 'utf8')).toBe(text);
  expect(await readFile(join(again, name))).toEqual(await readFile(join(whole, name)));
});
