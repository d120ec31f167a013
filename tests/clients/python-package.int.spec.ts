import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { defaultConfig, startHindcast } from 'hindcast';
import { pino } from 'pino';
import { afterAll, describe, it } from 'vitest';
import { pythonOrSkip } from './python-client.ts';

const run = promisify(execFile);
const packageFolder = fileURLToPath(new URL('../../clients/python', import.meta.url));
const walkthrough = fileURLToPath(new URL('../../samples/notebook/churn_walkthrough.py', import.meta.url));
const programMsMax = 300_000;
const testMsMax = 900_000;

describe('the Python client', () => {
  const folders: string[] = [];
  afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

  /** Runs Python with the client, installed from its folder as a person would, against a fresh server. */
  const withClient = async (python: string, ...programs: readonly (readonly string[])[]) => {
    const installed = await mkdtemp(join(tmpdir(), 'hindcast-python-'));
    folders.push(installed);
    const quietly = ['--quiet', '--disable-pip-version-check', '--no-deps', '--no-build-isolation'];
    await run(python, ['-m', 'pip', 'install', ...quietly, '--target', installed, packageFolder]);
    const settings = { port: 0, memory: true, children: 1 };
    const server = await startHindcast({ ...defaultConfig, ...settings }, pino({ level: 'warn' }));
    try {
      const env = { ...process.env, PYTHONPATH: installed, HINDCAST_URL: server.url };
      for (const program of programs) await run(python, program, { env, timeout: programMsMax });
    } finally {
      await server.stop();
    }
  };

  it(
    'passes its own tests, installed, against a server, and is typed',
    async ({ skip }) => {
      const python = await pythonOrSkip('the Python client', skip);
      await withClient(
        python,
        ['-W', 'error::ResourceWarning', '-m', 'unittest', 'discover', '-s', join(packageFolder, 'tests')],
        ['-m', 'mypy', '--config-file', join(packageFolder, 'pyproject.toml'), '-p', 'hindcast'],
      );
    },
    testMsMax,
  );

  it(
    'goes with the sample from training to evaluation, cell by cell',
    async ({ skip }) => {
      const python = await pythonOrSkip('the walk through samples/notebook', skip);
      await withClient(python, [walkthrough]);
    },
    testMsMax,
  );
});
