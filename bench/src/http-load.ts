import { connect, requestsOf, type Target } from './http-connection.ts';

/** What one request came to. */
export interface Timed {
  readonly status: number;
  readonly ms: number;
}

export interface Load extends Target {
  readonly requests: number;
  /** Nothing is sent after it, where it is given. */
  readonly msMax?: number;
  readonly connections: number;
  readonly onResponse?: (body: string) => void;
}

/** A closed-loop load: each connection sends its next request when the answer to the last one is complete. */
export const runLoad = async (load: Load): Promise<readonly Timed[]> => {
  const timed: Timed[] = [];
  let sent = 0;
  const sendUntil = performance.now() + (load.msMax ?? Number.POSITIVE_INFINITY);
  const requests = requestsOf(load);
  const connection = (): Promise<void> =>
    new Promise((resolve, reject) => {
      let startedAt = 0;
      const next = () => {
        startedAt = performance.now();
        if (sent >= load.requests || startedAt > sendUntil) {
          open.end();
          resolve();
        } else open.send(requests[sent++ % requests.length] as Buffer);
      };
      const open = connect(load.port, {
        ready: next,
        answer(status, body) {
          timed.push({ status, ms: performance.now() - startedAt });
          load.onResponse?.(body());
          next();
        },
        broken: reject,
      });
    });
  await Promise.all(Array.from({ length: load.connections }, connection));
  return timed;
};
