import { Server as NetServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { HttpServer } from './http-server.ts';

const lookMs = 20;

/**
 * Takes no new connections and lets those that are open end by themselves: each gets one more answer, which says
 * `Connection: close`. Closing them at once, as `close()` does, would break the request that a client has just begun to
 * send on a connection that looked idle. When none is left, or after `graceMs`, the server closes: what waits is answered with
 * what there is.
 */
export const drainAndClose = async (app: HttpServer, graceMs: number): Promise<void> => {
  await drain(app, graceMs);
  const closed = app.close();
  // A connection is left open by an answer to a request that was there before, and `close()` does not look again.
  const timer = setInterval(() => app.server.closeIdleConnections(), lookMs);
  await closed.finally(() => clearInterval(timer));
};

const drain = async ({ server }: HttpServer, graceMs: number): Promise<void> => {
  if (!server.listening) return;
  server.prependListener('request', (_request, response) => {
    response.shouldKeepAlive = false;
  });
  // Not `server.close()`: that one of node:http also cuts the connections between two requests.
  NetServer.prototype.close.call(server);
  const end = performance.now() + graceMs;
  while (performance.now() < end && (await connectionsOf(server)) > 0) await delay(lookMs);
};

const connectionsOf = (server: NetServer): Promise<number> =>
  new Promise((resolve, reject) => {
    server.getConnections((error, count) => (error ? reject(error) : resolve(count)));
  });
