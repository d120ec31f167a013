import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { join } from 'node:path';

/** As it is installed, wherever this file was built to. */
export const launcher = join(createRequire(import.meta.url).resolve('hindcast'), '../../bin/hindcast.js');

export interface HindcastProcess {
  readonly url: string;
  readonly pid: number;
  /** Its exit code, once it has ended; null after a signal that it could not handle. */
  readonly exited: Promise<number | null>;
  /** SIGKILL: nothing of the process runs any more when it resolves. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves with the exit code. */
  terminate(): Promise<number | null>;
  freeze(): void;
  thaw(): void;
  /** What it wrote so far, for the message of a failing test. */
  output(): string;
}

export type Launch = (
  args: readonly string[],
  env?: Readonly<Record<string, string>>,
  program?: readonly string[],
) => Promise<HindcastProcess>;

/** A real process of Hindcast, listening. Its variables are those given and those of this process. */
export const startHindcastProcess: Launch = async (args, env = {}, program = [launcher]) => {
  const child = spawn(process.execPath, [...program, ...args, '--port', '0'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'info', HINDCAST_LOG_FORMAT: 'json', ...env },
  });
  let output = '';
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`hindcast ${args[0]} exited with ${code}: ${output}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        const found = /"url":"(http:[^"]+)"/.exec(output);
        if (found?.[1]) resolve(found[1]);
      });
    }
  });
  const end = async (signal: NodeJS.Signals): Promise<number | null> => {
    child.kill(signal);
    return exited;
  };
  return {
    url,
    pid: child.pid as number,
    exited,
    kill: async () => void (await end('SIGKILL')),
    terminate: () => end('SIGTERM'),
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    output: () => output,
  };
};
