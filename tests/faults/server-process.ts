import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

const launcher = fileURLToPath(new URL('../../hindcast/bin/hindcast.js', import.meta.url));

export interface ServerProcess {
  readonly url: string;
  readonly pid: number;
  /** SIGKILL: nothing of the process runs any more when it resolves. */
  kill(): Promise<void>;
  /** SIGTERM. Resolves with the exit code. */
  terminate(): Promise<number | null>;
  /** Its exit code, once it has ended. */
  readonly exited: Promise<number | null>;
  /** What it wrote so far, for the message of a failing test. */
  output(): string;
}

/** A real server process on a folder. */
export const startServerProcess = async (folder: string): Promise<ServerProcess> => {
  const child: ChildProcess = spawn(process.execPath, [launcher, 'start', '--port', '0', '--data', folder], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, LOG_LEVEL: 'info' },
  });
  let output = '';
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const url = await new Promise<string>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}: ${output}`)));
    for (const stream of [child.stdout, child.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => {
        output += chunk;
        const found = /http:\/\/127\.0\.0\.1:\d+/.exec(output);
        if (found) resolve(found[0]);
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
    output: () => output,
    terminate: () => end('SIGTERM'),
    async kill() {
      await end('SIGKILL');
    },
  };
};

/** Ids of the living children of a process. */
export const childrenOf = async (pid: number): Promise<readonly number[]> => {
  const text = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  return text.split(' ').filter(Boolean).map(Number);
};
