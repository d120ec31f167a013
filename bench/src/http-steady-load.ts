import { connect, requestsOf, type Target } from './http-connection.ts';
import type { Timed } from './http-load.ts';

export interface SteadyLoad extends Target {
  readonly connections: number;
  readonly perSecond: number;
  readonly seconds: number;
}

/** What became of the requests of a steady load, whose times are from the moment on when they were due. */
export interface SteadyAnswers {
  readonly timed: readonly Timed[];
  /** Due when no connection was free, and never sent: the server, or this process, was too slow for the load. */
  readonly unsent: number;
}

const tickMs = 2;
/** A request that is late by more is left out. */
const lateMsMax = 1_000;

/** An open-loop load: requests are due at a fixed rate, however long the answers take. */
export const runSteadyLoad = async (load: SteadyLoad): Promise<SteadyAnswers> => {
  const timed: Timed[] = [];
  const requests = requestsOf(load);
  const total = Math.round(load.perSecond * load.seconds);
  const free: { readonly send: (dueAt: number) => void; readonly end: () => void }[] = [];
  let broken: Error | undefined;
  let [at, unsent] = [0, 0];
  const opened = Array.from(
    { length: load.connections },
    () =>
      new Promise<void>((resolve, reject) => {
        let dueAt = 0;
        const open = connect(load.port, {
          ready() {
            free.push(one);
            resolve();
          },
          answer(status) {
            timed.push({ status, ms: performance.now() - dueAt });
            free.push(one);
          },
          broken(error) {
            broken = error;
            reject(error);
          },
        });
        const one = {
          send(due: number) {
            dueAt = due;
            open.send(requests[at % requests.length] as Buffer);
          },
          end: open.end,
        };
      }),
  );
  await Promise.all(opened);
  const startedAt = performance.now();
  const dueAt = () => startedAt + (at / load.perSecond) * 1_000;
  while (timed.length + unsent < total) {
    if (broken) throw broken;
    for (; at < total && dueAt() <= performance.now(); at++) {
      const connection = free.pop();
      if (connection) connection.send(dueAt());
      else if (performance.now() - dueAt() > lateMsMax) unsent += 1;
      else break;
    }
    await new Promise((resolve) => setTimeout(resolve, tickMs));
  }
  for (const { end } of free) end();
  return { timed, unsent };
};
