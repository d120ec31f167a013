import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { waitUntil } from '../services/wait-until.ts';

const program = fileURLToPath(new URL('projector-process.mjs', import.meta.url));
const jobTimeoutMs = 90_000;

export interface ProjectorProcess {
  ask(what: 'rebuild' | 'undo'): void;
  /** The phases of its rebuilds, as they came. */
  readonly phases: readonly string[];
  /** What it logged, for the message of a failing test. */
  readonly lines: readonly string[];
  /** Resolves when as many of its jobs have ended, with the phase of the last one. */
  ended(jobs: number): Promise<string | undefined>;
  signal(signal: NodeJS.Signals): void;
  kill(): Promise<void>;
}

const isEnd = (phase: string): boolean => phase === 'done' || phase === 'failed';

/** Starts a projector and waits until it folds. It ends with this process: its standard input closes. */
export const startProjectorProcess = async (
  options: object,
  onAnnounced: (key: string, pos: number) => void,
): Promise<ProjectorProcess> => {
  const child: ChildProcess = spawn(process.execPath, [program, JSON.stringify(options)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const phases: string[] = [];
  const lines: string[] = [];
  let started = false;
  if (!child.stdout) throw new Error('The projector has no output.');
  createInterface({ input: child.stdout }).on('line', (line) => {
    const told = JSON.parse(line);
    if (told.announced) for (const [key, pos] of told.announced) onAnnounced(key, pos);
    else lines.push(line);
    if (told.phase) phases.push(told.phase);
    if (told.started) started = true;
  });
  const isGone = () => child.exitCode !== null || child.signalCode !== null;
  const withLines = (what: string) => () => [what, ...lines].join('\n');
  await waitUntil(withLines('the projector starts'), jobTimeoutMs, () => {
    if (isGone()) throw new Error(lines.join('\n'));
    return started;
  });
  return {
    phases,
    lines,
    ask: (what) => child.stdin?.write(`${what}\n`),
    async ended(jobs) {
      await waitUntil(withLines(`job ${jobs} ends`), jobTimeoutMs, () => phases.filter(isEnd).length >= jobs);
      return phases.filter(isEnd)[jobs - 1];
    },
    signal: (signal) => void child.kill(signal),
    async kill() {
      child.kill('SIGKILL');
      if (!isGone()) await exited;
    },
  };
};
