import type { Random } from '@hindcast/domain/testing';
import type { CrewTime } from '../projector-crew.ts';

export const killed = new Error('The process was killed.');

interface Waiting {
  readonly process: string;
  readonly dueMs: number;
  readonly go: () => void;
  readonly die: (error: Error) => void;
}

/** Processes that go on one step at a time, as a random scheduler lets them, in a time of their own. */
export interface VirtualTime {
  nowMs(): number;
  /** A point at which the process may be made to wait, or may die. */
  gate(process: string, latencyMsMax?: number): Promise<void>;
  sleep(process: string, ms: number): ReturnType<CrewTime['sleep']>;
  freeze(process: string, ms: number): void;
  kill(process: string): void;
  isDead(process: string): boolean;
  /** Lets one go on. */
  step(): Promise<void>;
}

const latencyMsMax = 12;
const turnsPerStep = 4;

export const createVirtualTime = (random: Random): VirtualTime => {
  const dead = new Set<string>();
  const frozenUntil = new Map<string, number>();
  let waiting: Waiting[] = [];
  let time = 0;

  const wait = (process: string, ms: number): Promise<void> =>
    new Promise((go, die) => {
      if (dead.has(process)) die(killed);
      else waiting.push({ process, dueMs: time + ms, go, die });
    });
  const dueOf = ({ process, dueMs }: Waiting): number => Math.max(dueMs, frozenUntil.get(process) ?? 0);

  return {
    nowMs: () => time,
    gate: (process, ms = latencyMsMax) => wait(process, random(ms)),
    sleep(process, ms) {
      let wake = (): void => {};
      const woken = new Promise<void>((resolve) => {
        wake = resolve;
      });
      // The dead sleep on: nobody looks at how their sleep ends.
      const over = Promise.race([wait(process, ms).catch(() => new Promise<void>(() => {})), woken]);
      return { over, wake: () => wake() };
    },
    freeze: (process, ms) => frozenUntil.set(process, time + ms),
    kill(process) {
      dead.add(process);
      for (const one of waiting) if (one.process === process) one.die(killed);
      waiting = waiting.filter((one) => one.process !== process);
    },
    isDead: (process) => dead.has(process),
    async step() {
      const next = waiting.reduce<Waiting | undefined>(
        (first, one) => (!first || dueOf(one) < dueOf(first) ? one : first),
        undefined,
      );
      if (next) {
        waiting.splice(waiting.indexOf(next), 1);
        time = Math.max(time, dueOf(next));
        next.go();
      }
      for (let i = 0; i < turnsPerStep; i += 1) await new Promise((resolve) => setImmediate(resolve));
    },
  };
};
