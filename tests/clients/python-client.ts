import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const installMsMax = 480_000;
const checkMsMax = 120_000;
export const clientFolder = fileURLToPath(new URL('../../clients/python', import.meta.url));
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Cannot be made here: there is no Python, or its packages cannot be had. */
export class PythonMissing extends Error {
  constructor(cause: unknown) {
    super(`No Python with ${requirements} can be had: ${String(cause)}`, { cause });
    this.name = 'PythonMissing';
  }
}

/**
 * A Python interpreter that has the pinned packages, made once per list of them in the user's cache folder.
 * @throws PythonMissing
 */
export const pythonWithClients = async (): Promise<string> => {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 16);
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hindcast', `venv-${hash}`);
  const python = join(folder, 'bin', 'python');
  const isThere = await access(join(folder, 'complete')).then(
    () => true,
    () => false,
  );
  if (isThere) return python;
  try {
    await mkdir(folder, { recursive: true });
    await run('python3', ['-m', 'venv', '--clear', folder], { timeout: installMsMax });
    const install = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements];
    await run(python, install, { timeout: installMsMax });
    await run(python, [
      '-c',
      'import polars, skl2onnx, tritonclient.http; open(__import__("sys").prefix + "/complete", "w").close()',
    ]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new PythonMissing(error);
  }
  return python;
};

/** Runs Python with these arguments; what it printed. Rejects with all of its output where it fails. */
export const runPython = async (
  python: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> => {
  const { stdout } = await run(python, args, { timeout: checkMsMax, env: { ...process.env, ...env } });
  return stdout;
};

/** Installs the client from its folder, as a person would, into a folder for PYTHONPATH. */
export const installClient = (python: string, target: string): Promise<string> =>
  runPython(python, [
    ...['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '--no-build-isolation'],
    ...['--target', target, clientFolder],
  ]);
