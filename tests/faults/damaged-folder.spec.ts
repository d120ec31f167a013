import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { HindcastProcess } from '../distributed/hindcast-process.ts';
import { clientOf, sampleFile } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { startServerProcess } from './server-process.ts';

const garbage = 'no database at all '.repeat(500);

describe('a start on a folder that is not whole', () => {
  const folders: string[] = [];
  const servers: HindcastProcess[] = [];
  const newFolder = async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hindcast-damaged-'));
    folders.push(folder);
    return folder;
  };
  const start = async (data: string) => {
    const server = await startServerProcess(data);
    servers.push(server);
    return server;
  };
  const refusal = async (data: string): Promise<string> => {
    const said: unknown = await start(data).then(
      () => 'it started',
      (error: Error) => error.message,
    );
    expect(said, 'a text for people, not a stack').not.toContain('    at ');
    return String(said);
  };
  afterAll(async () => {
    await Promise.all(servers.map((server) => server.kill()));
    await Promise.all(folders.map((folder) => rm(folder, { recursive: true, force: true })));
  });

  it('names damaged views, and rebuilds them from the log once they are moved away', async () => {
    const data = await newFolder();
    const first = await start(data);
    const { body } = await clientOf(first.url).submit({ model: 'churn', input: churnInput }, { prefer: 'wait=10' });
    await first.terminate();
    await rm(join(data, 'views.db-wal'), { force: true });
    await writeFile(join(data, 'views.db'), garbage);
    expect(await refusal(data)).toMatch(/exited with 1: .*views\.db is damaged .*rebuilt from the log/s);
    await rename(join(data, 'views.db'), join(data, 'views.db.damaged'));
    const shown = await clientOf((await start(data)).url).get(body['id']);
    expect(shown.body).toMatchObject({ status: 'succeeded', output: body['output'] });
  });

  it('names a damaged log, which only a copy can replace', async () => {
    const data = await newFolder();
    await writeFile(join(data, 'log.db'), garbage);
    expect(await refusal(data)).toMatch(/exited with 1: .*log\.db is damaged .*copy/s);
  });

  it('says so where a file has the place of the folder, or nothing can be made', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'data'), '');
    expect(await refusal(join(folder, 'data'))).toMatch(/exited with 1: .*cannot be made: .*data is a file\..*--data/s);
    await mkdir(join(folder, 'other', 'log.db'), { recursive: true });
    expect(await refusal(join(folder, 'other'))).toMatch(/exited with 1: .*cannot be used: .*log\.db.*--data/s);
    if (process.platform !== 'linux') return;
    expect(await refusal('/proc/hindcast')).toMatch(/exited with 1: .*cannot be used: ENOENT.*--data/s);
  });

  it('starts without the files of its models, says so, and goes on when they are back', async () => {
    const data = await newFolder();
    await (await start(data)).terminate();
    await rm(join(data, 'artifacts'), { recursive: true });
    const server = await start(data);
    expect(server.output()).toMatch(/"name":"churn","version":1.*files of these models are missing/);
    const client = clientOf(server.url);
    const ready = await client.request('GET', '/readyz?verbose');
    expect([ready.status, ready.body]).toMatchObject([
      200,
      { status: 'degraded', checks: { catalog: { status: 'up' }, models: { status: 'down', required: false } } },
    ]);
    const late = await client.submit({ model: 'churn', input: churnInput }, { 'cancel-after': '500ms' });
    expect((await client.ended(late.body['id']))['error']).toMatchObject({
      code: 'deadline_exceeded',
      detail: expect.stringContaining('The file of churn@1 is missing'),
    });
    const waiting = await client.submit({ model: 'churn', input: churnInput }, { 'cancel-after': '1m' });
    expect((await client.addModel('churn', sampleFile('churn/model.onnx'))).status).toBe(200);
    expect((await client.ended(waiting.body['id']))['status']).toBe('succeeded');
    await client.addModel('breast-cancer', sampleFile('breast-cancer/model.onnx'));
    expect((await client.request('GET', '/readyz')).body).toEqual({ status: 'ready' });
  });
});
