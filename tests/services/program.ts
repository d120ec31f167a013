import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Instance } from './instance.ts';
import { waitUntil } from './wait-until.ts';
import { removeFolderAtEnd, spawnWatched, type WatchedProcess } from './watched-process.ts';

const startTimeoutMs = 90_000;
const logCharsMax = 4_000;

export interface Program {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env?: NodeJS.ProcessEnv;
  /** Owned by the program: removed when it is stopped. Its log is in there too. */
  readonly folder: string;
  /** Whether it really answers, by its own protocol. */
  ready(): Promise<boolean>;
}

/** A new folder that goes when this process ends. */
export const temporaryFolder = async (name: string): Promise<string> => {
  const folder = await mkdtemp(join(tmpdir(), `hindcast-${name}-`));
  removeFolderAtEnd(folder);
  return folder;
};

/** A signal is taken in when one of the threads runs next: on a busy machine the others go on answering until then. */
const isStopped = async (pid: number): Promise<boolean> => {
  const tasks = await readdir(`/proc/${pid}/task`).catch(() => undefined);
  // Other systems than Linux do not tell.
  if (!tasks) return true;
  const stats = await Promise.all(tasks.map((task) => readFile(`/proc/${pid}/task/${task}/stat`, 'utf8')));
  return stats.every((stat) => stat.slice(stat.lastIndexOf(')')).startsWith(') T'));
};

/** Starts a program and resolves when it answers. A failed start says what the program logged last. */
export const startProgram = async (program: Program): Promise<Instance> => {
  const { name, command, args, env, folder } = program;
  const logFile = join(folder, 'output.log');
  let running: WatchedProcess | undefined;

  const kill = async () => {
    await running?.kill();
    running = undefined;
  };

  const start = async () => {
    const log = await open(logFile, 'a');
    const started = spawnWatched(command, args, { cwd: folder, output: log.fd, ...(env ? { env } : {}) });
    running = started;
    await log.close();
    let end: number | string | undefined;
    void started.exited.then((how) => {
      end = how;
      if (running === started) running = undefined;
    });
    try {
      await waitUntil(`${name} answers`, startTimeoutMs, () => end !== undefined || program.ready());
      if (end !== undefined) throw new Error(`${name} ended with ${end} before it answered.`);
    } catch (error) {
      await kill();
      const tail = (await readFile(logFile, 'utf8')).slice(-logCharsMax);
      throw new Error(`${name} did not start. Its log ends with:\n${tail}`, { cause: error });
    }
  };

  const signal = async (which: NodeJS.Signals) => {
    if (!running) throw new Error(`${name} is not running.`);
    process.kill(-running.pid, which);
  };

  await start().catch(async (error: unknown) => {
    await rm(folder, { recursive: true, force: true });
    throw error;
  });
  return {
    pid: () => running?.pid,
    kill,
    async restart() {
      await kill();
      await start();
    },
    async freeze() {
      await signal('SIGSTOP');
      const pid = running?.pid ?? 0;
      await waitUntil(`${name} stands still`, startTimeoutMs, () => isStopped(pid));
    },
    thaw: () => signal('SIGCONT'),
    async stop() {
      await kill();
      await rm(folder, { recursive: true, force: true });
    },
  };
};
