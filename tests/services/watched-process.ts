import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import type { Writable } from 'node:stream';

/**
 * Reads what to end from its standard input, and ends it when that closes: a test process that is killed has no chance
 * to clean up, but the kernel closes its pipes.
 */
const watchdogScript = `
trap '' INT TERM HUP
groups=
while read -r verb what; do
  case $verb in
    group) groups="$groups $what" ;;
    gone) kept=; for group in $groups; do [ "$group" = "$what" ] || kept="$kept $group"; done; groups=$kept ;;
    folder) set -- "$@" "$what" ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group"; done
[ $# -eq 0 ] || rm -rf -- "$@" || { sleep 1; rm -rf -- "$@"; }
`;

/** A process that is killed between its start and its notice would stay: so it gives notice itself, before anything else. */
const noticeScript = 'echo "group $$" >&3; exec 3>&-; exec "$@"';

let watchdogInput: Writable | undefined;

const watchdog = (): Writable => {
  if (watchdogInput?.writable) return watchdogInput;
  const child = spawn('sh', ['-c', watchdogScript], { stdio: ['pipe', 'ignore', 'ignore'], detached: true });
  child.unref();
  if ('unref' in child.stdin && typeof child.stdin.unref === 'function') child.stdin.unref();
  // A test worker would go on without the runner that started it, and its services with it.
  if (process.connected) process.once('disconnect', () => process.exit(1));
  watchdogInput = child.stdin;
  return watchdogInput;
};

/** The folder goes when this process ends, however it ends. */
export const removeFolderAtEnd = (folder: string): void => {
  watchdog().write(`folder ${folder}\n`);
};

export interface WatchedProcess {
  readonly pid: number;
  /** Resolves with the exit code, or with the signal that ended it. */
  readonly exited: Promise<number | NodeJS.Signals>;
  readonly child: ChildProcess;
  /** SIGKILL to the process and all that it started. Resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface WatchedProcessOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** File descriptor for both outputs; a pipe each when absent. */
  readonly output?: number;
}

/** A process in a group of its own that does not outlive this one, even if this one is killed. */
export const spawnWatched = (
  command: string,
  args: readonly string[],
  { cwd, env = process.env, output }: WatchedProcessOptions = {},
): WatchedProcess => {
  const stream = output ?? 'pipe';
  const child = spawn('sh', ['-c', noticeScript, 'sh', command, ...args], {
    cwd,
    env,
    detached: true,
    stdio: ['ignore', stream, stream, watchdog()],
  });
  const { pid } = child;
  if (pid === undefined) throw new Error(`${command} could not be started: there is no shell named sh.`);
  const exited = once(child, 'exit').then(([code, signal]) => {
    watchdog().write(`gone ${pid}\n`);
    return (signal ?? code) as number | NodeJS.Signals;
  });
  const kill = async () => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended by itself.
    }
    await exited;
  };
  return { pid, exited, child, kill };
};
