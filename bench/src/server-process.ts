import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/** What the first line of the launcher and `npm start` give to Node. */
export const asItsUsersStartIt = ['--max-semi-space-size=32'];
const launcher = fileURLToPath(new URL('../../hindcast/bin/hindcast.js', import.meta.url));

export interface ServerProcess {
  readonly pid: number;
  readonly port: number;
  readonly url: string;
  readonly startedInMs: number;
  stop(): Promise<void>;
}

export interface ServerProcessOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** Flags of Node. */
  readonly node?: readonly string[];
  /** Instead of the launcher. */
  readonly program?: string;
}

/** Starts Hindcast as its users do, as a process of its own, and waits until it answers. */
export const startServerProcess = async (
  folder: string,
  flags: readonly string[] = [],
  { env = {}, node = [], program = launcher }: ServerProcessOptions = {},
): Promise<ServerProcess> => {
  const startedAt = performance.now();
  const args = [...asItsUsersStartIt, ...node, program, 'start', '--port', '0', '--data', folder, ...flags];
  const child: ChildProcess = spawn(process.execPath, args, {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...env },
  });
  const { pid, stdout } = child;
  if (pid === undefined || stdout === null) throw new Error('the server process could not be started');
  let text = '';
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`the server exited with ${code}: ${text}`)));
    stdout.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
      const url = /http:\/\/127\.0\.0\.1:(\d+)/.exec(text);
      if (url) resolve(Number(url[1]));
    });
  });
  return {
    pid,
    port,
    url: `http://127.0.0.1:${port}`,
    startedInMs: performance.now() - startedAt,
    async stop() {
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
};
