import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Logger } from '@hindcast/domain';
import type { Reply, Request } from './child-protocol.ts';

/** How a request ended: the child's reply, its death, or the end of patience, after which it is killed. */
export type Ending =
  | Reply
  | { readonly kind: 'died'; readonly detail: string }
  | { readonly kind: 'timed_out'; readonly detail: string };

/** A child that answers one request at a time. */
export interface InferenceProcess {
  /** Never rejects. The first request must come after `ready`. */
  request(message: Request, timeoutMs: number): Promise<Ending>;
  /** The child's greeting. */
  ready(timeoutMs: number): Promise<Ending>;
  readonly alive: boolean;
  /** Resolves when the process is gone. */
  kill(): Promise<void>;
}

export interface LaunchOptions {
  /** An empty folder that the child may not write to. */
  readonly folder: string;
  /** Data segments and private memory of the child. */
  readonly memoryBytesMax: number;
  readonly logger?: Logger | undefined;
}

const prlimit = '/usr/bin/prlimit';
/** JavaScript objects of the child; tensors and models lie outside of this heap. */
const heapMegabytesMax = 512;
const stderrCharsMax = 2_000;

/** Whether the system can hold a child to its memory. */
export const canLimitMemory = (): boolean => process.platform === 'linux' && existsSync(prlimit);

/** The child's program is always the built one: a plain Node process cannot run the sources. */
const childModule = (): string => createRequire(import.meta.url).resolve('@hindcast/adapters/onnx/inference-child');

const launch = ({ folder, memoryBytesMax }: LaunchOptions): ChildProcess => {
  const node = [process.execPath, `--max-old-space-size=${heapMegabytesMax}`, childModule()];
  const command = canLimitMemory()
    ? [prlimit, `--data=${memoryBytesMax}`, '--core=0', '--fsize=0', '--', ...node]
    : node;
  return spawn(command[0] as string, command.slice(1), {
    cwd: folder,
    env: {},
    serialization: 'advanced',
    stdio: ['pipe', 'ignore', 'pipe', 'ipc'],
  });
};

export const startInferenceProcess = (options: LaunchOptions): InferenceProcess => {
  const child = launch(options);
  let death: string | undefined;
  let greeting: Reply | undefined;
  let settle: ((ending: Ending) => void) | undefined;
  let stderr = '';

  const exited = new Promise<void>((resolve) => {
    const end = (detail: string): void => {
      if (death !== undefined) return;
      death = detail;
      if (settle && !child.killed)
        options.logger?.warn({ detail, stderr }, 'An inference process died while it worked.');
      settle?.({ kind: 'died', detail });
      resolve();
    };
    child.on('exit', (code, signal) => end(signal ? `it was ended by ${signal}` : `it exited with code ${code}`));
    child.on('error', (error) => end(`it could not be started: ${error.message}`));
  });
  child.on('message', (reply: Reply) => {
    if (reply.kind === 'ready') greeting = reply;
    settle?.(reply);
  });
  child.stdin?.on('error', () => {});
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-stderrCharsMax);
  });

  const kill = async (): Promise<void> => {
    child.kill('SIGKILL');
    await exited;
  };
  const next = (timeoutMs: number): Promise<Ending> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        const detail = `it took more than ${timeoutMs} ms`;
        options.logger?.warn({ detail, stderr }, 'An inference process was killed while it worked.');
        settle?.({ kind: 'timed_out', detail });
        void kill();
      }, timeoutMs);
      settle = (ending) => {
        settle = undefined;
        clearTimeout(timer);
        resolve(ending);
      };
    });

  return {
    async ready(timeoutMs) {
      if (death !== undefined) return { kind: 'died', detail: death };
      return greeting ?? next(timeoutMs);
    },
    async request(message, timeoutMs) {
      if (death !== undefined) return { kind: 'died', detail: death };
      const ending = next(timeoutMs);
      child.send(message, (error) => {
        if (error) settle?.({ kind: 'died', detail: `it took no request: ${error.message}` });
      });
      return ending;
    },
    get alive() {
      return death === undefined && !child.killed;
    },
    kill,
  };
};
