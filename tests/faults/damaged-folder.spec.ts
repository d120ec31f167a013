import { mkdir, mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { clientOf } from '../scenarios/client.ts';
import { churnInput } from './churn-input.ts';
import { type ServerProcess, startServerProcess } from './server-process.ts';

const garbage = 'no database at all '.repeat(500);

describe('a start on a folder that cannot be used', () => {
  const folders: string[] = [];
  const servers: ServerProcess[] = [];
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
    expect(await refusal(join(folder, 'data'))).toMatch(/exited with 1: .*cannot be used: EEXIST.*--data/s);
    await mkdir(join(folder, 'other', 'log.db'), { recursive: true });
    expect(await refusal(join(folder, 'other'))).toMatch(/exited with 1: .*cannot be used: .*log\.db.*--data/s);
    if (process.platform !== 'linux') return;
    expect(await refusal('/proc/hindcast')).toMatch(/exited with 1: .*cannot be used: ENOENT.*--data/s);
  });
});
