import type { ServerResponse } from 'node:http';
import { problem } from './problem.ts';

/** The waiting of one request: nothing is set up before it is asked for. */
export interface OpenEnd {
  /**
   * Aborted when the client has gone, when this process shuts down, or by `release`.
   * @throws Problem `too-many-waiting`
   */
  signal(): AbortSignal;
  /** Must be called when the request has been answered. */
  release(): void;
}

/** Requests that stay open: bounded in number, and all of them let go when the server closes. */
export const openEnds = (openMax: number) => {
  const open = new Set<AbortController>();
  let closed = false;
  return {
    /** Without a response it stays open until it is released: for work that goes on although nobody listens. */
    of(response?: ServerResponse): OpenEnd {
      let controller: AbortController | undefined;
      const release = (): void => {
        if (!controller || !open.delete(controller)) return;
        response?.off('close', release);
        controller.abort();
      };
      return {
        release,
        signal() {
          if (controller) return controller.signal;
          if (open.size >= openMax) {
            const detail = `No more than ${openMax} requests of this kind wait at once.`;
            throw problem('too-many-waiting', detail, { headers: { 'retry-after': '5' } });
          }
          controller = new AbortController();
          open.add(controller);
          response?.once('close', release);
          if (closed || response?.destroyed) controller.abort();
          return controller.signal;
        },
      };
    },
    get count(): number {
      return open.size;
    },
    close(): void {
      closed = true;
      for (const controller of open) controller.abort();
    },
  };
};
export type OpenEnds = ReturnType<typeof openEnds>;
