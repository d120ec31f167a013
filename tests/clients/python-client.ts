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
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));

/** Cannot be made here: there is no Python, or its packages cannot be had. */
class PythonMissing extends Error {
  constructor(cause: unknown) {
    super(`No Python with ${requirements} can be had: ${String(cause)}`, { cause });
    this.name = 'PythonMissing';
  }
}

/**
 * A Python interpreter that has the pinned packages, made once per list of them in the user's cache folder.
 * @throws PythonMissing
 */
const pythonWithClients = async (): Promise<string> => {
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
      'import duckdb, pandas, polars, pyarrow, tritonclient.http; open(__import__("sys").prefix + "/complete", "w").close()',
    ]);
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new PythonMissing(error);
  }
  return python;
};

/** Runs a program of this folder; what it printed. Rejects with all of its output where it fails. */
export const runPython = async (python: string, program: string, ...args: readonly string[]): Promise<string> => {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await run(python, [file, ...args], { timeout: checkMsMax });
  return stdout;
};

/** The interpreter, or a skipped test that says what was not tested; in CI there has to be one. */
export const pythonOrSkip = async (what: string, skip: (note: string) => never): Promise<string> => {
  try {
    return await pythonWithClients();
  } catch (error) {
    if (!(error instanceof PythonMissing) || process.env['CI'] === 'true') throw error;
    console.warn(`NOT TESTED: ${what}. ${error.message}`);
    return skip('no Python with the packages');
  }
};
