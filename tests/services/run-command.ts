import { once } from 'node:events';
import { spawnWatched, type WatchedProcessOptions } from './watched-process.ts';

const outputCharsMax = 4_000;

export interface CommandOptions extends Pick<WatchedProcessOptions, 'cwd' | 'env'> {
  readonly timeoutMs: number;
}

/** Runs a command to its end and resolves with what it printed on both outputs, or its tail where that is long. */
export const runCommand = async (
  command: string,
  args: readonly string[],
  { timeoutMs, ...options }: CommandOptions,
): Promise<string> => {
  const started = spawnWatched(command, args, options);
  let output = '';
  for (const stream of [started.child.stdout, started.child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      output = (output + chunk).slice(-outputCharsMax);
    });
  }
  let timedOut = false;
  const timer = setTimeout(() => {
    timedOut = true;
    void started.kill();
  }, timeoutMs);
  const [end] = await Promise.all([started.exited, once(started.child, 'close')]);
  clearTimeout(timer);
  const line = [command, ...args].join(' ');
  if (timedOut) throw new Error(`${line}: killed after ${timeoutMs} ms.\n${output}`);
  if (end !== 0) throw new Error(`${line}: ended with ${end}.\n${output}`);
  return output;
};
