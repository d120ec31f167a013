import { execFileSync } from 'node:child_process';
import { availableParallelism, loadavg, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { machine } from './results.ts';

/** What a figure is worth nothing without: when, where, of which commit and by which command it was measured. */
export interface AboutRun {
  readonly command: string;
  /** With `-dirty` where the work tree held more than the commit. */
  readonly commit: string;
  readonly startedAt: string;
  readonly machine: string;
  readonly kernel: string;
  readonly memoryGib: number;
  readonly cores: number;
}

const git = (...args: readonly string[]): string => {
  try {
    return execFileSync('git', args, { cwd: dirname(fileURLToPath(import.meta.url)), encoding: 'utf8' }).trim();
  } catch {
    return '';
  }
};

/** Processes that ran or waited to run, on average of the last minute. */
export const loadOfMachine = (): number => Number((loadavg()[0] ?? 0).toFixed(1));
const bytesPerGib = 2 ** 30;

export const aboutThisRun = (script: string): AboutRun => ({
  command: [`npm run ${script} -w @hindcast/bench --`, ...process.argv.slice(2)].join(' ').replace(/ --$/, ''),
  commit: `${git('rev-parse', '--short', 'HEAD')}${git('status', '--porcelain') === '' ? '' : '-dirty'}`,
  startedAt: new Date().toISOString(),
  machine: machine(),
  kernel: `Linux ${release()}`,
  memoryGib: Math.round(totalmem() / bytesPerGib),
  cores: availableParallelism(),
});

/** The same in words, for the head of a table. */
export const wordsOf = ({ command, commit, startedAt, machine: box, memoryGib, kernel }: AboutRun): string =>
  `\`${command}\` at commit \`${commit}\`, ${startedAt.slice(0, 10)}; ${box}, ${memoryGib} GiB, ${kernel}`;
