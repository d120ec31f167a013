import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { logRowsAgain, viewRowsAgain } from './rows-again.ts';
import { hashAgain, stringifyAgain } from './texts-again.ts';

/** What nothing but a library does with what a real run has left in a folder; CPU time in µs of all of it. */
const alone = {
  stringify: stringifyAgain,
  hash: hashAgain,
  log: (folder: string) => logRowsAgain(folder, 'frames_1'),
  view: (folder: string) => viewRowsAgain(folder, 'prediction_status_v1'),
} as const;

export type LibraryWork = keyof typeof alone;

const program = fileURLToPath(import.meta.url);
const run = promisify(execFile);

/** In a process of its own, so that its collections of garbage are counted and nobody else's. */
export const cpuUsAlone = async (work: LibraryWork, folder: string): Promise<number> =>
  Number((await run(process.execPath, [program, work, folder])).stdout);

const [path, work, folder = ''] = process.argv.slice(1);
if (path === program) process.stdout.write(String(await alone[work as LibraryWork](folder)));
