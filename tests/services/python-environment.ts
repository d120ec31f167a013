import { createHash } from 'node:crypto';
import { access, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { runCommand } from './run-command.ts';

const installMsMax = 480_000;

/** Cannot be made here: there is no Python, or its packages cannot be had. */
export class PythonMissing extends Error {
  constructor(requirements: string, cause: unknown) {
    super(`No Python with ${requirements} can be had: ${String(cause)}`, { cause });
    this.name = 'PythonMissing';
  }
}

/**
 * Folder of a virtual environment that has the packages of a list of pinned ones, made once per list in the user's cache
 * folder. `modules` are imported once to see that they can be.
 * @throws PythonMissing
 */
export const pythonEnvironment = async (requirements: string, modules: readonly string[]): Promise<string> => {
  const hash = createHash('sha256')
    .update(await readFile(requirements))
    .digest('hex')
    .slice(0, 16);
  const folder = join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'hindcast', `venv-${hash}`);
  const complete = join(folder, 'complete');
  const isThere = await access(complete).then(
    () => true,
    () => false,
  );
  if (isThere) return folder;
  const python = join(folder, 'bin', 'python');
  const run = (command: string, ...args: readonly string[]) => runCommand(command, args, { timeoutMs: installMsMax });
  try {
    await mkdir(folder, { recursive: true });
    await run('python3', '-m', 'venv', '--clear', folder);
    await run(python, '-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '-r', requirements);
    await run(python, '-c', `import ${modules.join(', ')}`);
    await writeFile(complete, '');
  } catch (error) {
    await rm(folder, { recursive: true, force: true });
    throw new PythonMissing(requirements, error);
  }
  return folder;
};
