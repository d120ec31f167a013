import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { HindcastProcess, Launch } from './hindcast-process.ts';

export type ToHost = 'stop' | { readonly role: string; readonly env: Readonly<Record<string, string>> };
export type FromHost =
  | { readonly is: 'ready'; readonly url: string }
  | { readonly is: 'stopped' }
  | { readonly is: 'failed'; readonly why: string };

const program = fileURLToPath(new URL('../dist/distributed/programs/role-host.js', import.meta.url));

interface Host {
  readonly child: ChildProcess;
  readonly exited: Promise<number | null>;
  /** What it has written since it was taken. */
  output: string;
}

/**
 * Processes with a role each, as `startHindcastProcess` makes them, that serve again once they are terminated. A process
 * takes more than a second of processor time to load what it runs; here it does so once.
 */
export interface RoleHosts {
  readonly launch: Launch;
  stop(): Promise<void>;
}

const startHost = (): Host => {
  const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'pipe', 'ipc'] });
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  const host: Host = { child, exited, output: '' };
  for (const stream of [child.stdout, child.stderr]) {
    stream?.setEncoding('utf8').on('data', (chunk: string) => {
      host.output += chunk;
    });
  }
  return host;
};

const ask = async ({ child, exited }: Host, message: ToHost): Promise<FromHost> => {
  const ended = exited.then((code): never => {
    throw new Error(`The process ended with ${code}.`);
  });
  const answered = once(child, 'message').then(([answer]) => answer as FromHost);
  child.send(message);
  return Promise.race([answered, ended]);
};

export const createRoleHosts = (): RoleHosts => {
  const hosts = new Set<Host>();
  const idle: Host[] = [];
  const take = (): Host => {
    const host = idle.pop() ?? startHost();
    hosts.add(host);
    host.output = '';
    return host;
  };

  return {
    async launch([role = ''], env = {}): Promise<HindcastProcess> {
      const host = take();
      const { child, exited } = host;
      const answer = await ask(host, { role, env });
      if (answer.is !== 'ready') throw new Error(`${role} did not start: ${JSON.stringify(answer)}\n${host.output}`);
      let released: Promise<number | null> | undefined;
      const release = async (): Promise<number | null> => {
        const { is } = await ask(host, 'stop').catch(() => ({ is: 'failed' }));
        if (is !== 'stopped') return exited;
        idle.push(host);
        return 0;
      };
      return {
        url: answer.url,
        pid: child.pid as number,
        exited,
        async kill() {
          child.kill('SIGKILL');
          await exited;
        },
        terminate() {
          released ??= release();
          return released;
        },
        freeze: () => void child.kill('SIGSTOP'),
        thaw: () => void child.kill('SIGCONT'),
        output: () => host.output,
      };
    },
    async stop() {
      for (const { child } of hosts) child.kill('SIGTERM');
      await Promise.all([...hosts].map(({ exited }) => exited));
    },
  };
};
