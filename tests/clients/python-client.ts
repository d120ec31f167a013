import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { PythonMissing, pythonEnvironment } from '../services/python-environment.ts';

const run = promisify(execFile);
const checkMsMax = 120_000;
const requirements = fileURLToPath(new URL('requirements.txt', import.meta.url));
const modules = ['duckdb', 'pandas', 'polars', 'pyarrow', 'tritonclient.http'];

/** Runs a program of this folder; what it printed. Rejects with all of its output where it fails. */
export const runPython = async (python: string, program: string, ...args: readonly string[]): Promise<string> => {
  const file = fileURLToPath(new URL(program, import.meta.url));
  const { stdout } = await run(python, [file, ...args], { timeout: checkMsMax });
  return stdout;
};

/** The interpreter, or a skipped test that says what was not tested; in CI there has to be one. */
export const pythonOrSkip = async (what: string, skip: (note: string) => never): Promise<string> => {
  try {
    return join(await pythonEnvironment(requirements, modules), 'bin', 'python');
  } catch (error) {
    if (!(error instanceof PythonMissing) || process.env['CI'] === 'true') throw error;
    console.warn(`NOT TESTED: ${what}. ${error.message}`);
    return skip('no Python with the packages');
  }
};
