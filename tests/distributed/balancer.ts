import { once } from 'node:events';
import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';
import { connectionBacklog } from '@hindcast/adapters/http';

export interface Balancer {
  /** Without a slash at its end. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Base addresses of the replicas behind one address; may change at any time. */
export interface Replicas {
  readonly commands: () => readonly string[];
  readonly queries: () => readonly string[];
}

/** Longer than any client keeps an idle connection: one that is closed while it is used again costs that request. */
const keptAliveMs = 120_000;

/** What reads goes to the query side. The Open Inference Protocol is served by the command side, its reads too. */
const isQuery = ({ method, url = '' }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') && !/^\/v2(?:[/?]|$)/.test(url);

/**
 * One address for several replicas, each request to the next one in turn, without stickiness: what nginx or a service of
 * Kubernetes does for people who run Hindcast. Bodies, streams and early ends pass as they come. Where a replica does not
 * take the connection the next one is asked.
 */
export const startBalancer = async (replicas: Replicas, port = 0): Promise<Balancer> => {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
  let turn = 0;

  const forward = (incoming: IncomingMessage, outgoing: ServerResponse, targets: readonly string[], tries: number) => {
    const target = targets[turn++ % targets.length];
    if (target === undefined || tries >= targets.length) {
      outgoing.writeHead(502, { 'content-type': 'text/plain', connection: 'close' }).end('No replica answers.\n');
      return;
    }
    const { hostname, port: to } = new URL(target);
    const { method, url, headers } = incoming;
    const upstream = request({ hostname, port: to, method, path: url, headers, agent });
    upstream.once('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.rawHeaders);
      // An answer without its end is an end of the connection: the client must not take it for whole.
      pipeline(answer, outgoing, (error) => error && outgoing.destroy());
    });
    upstream.once('error', (error: NodeJS.ErrnoException) => {
      if (outgoing.headersSent || outgoing.destroyed) outgoing.destroy();
      else if (error.code === 'ECONNREFUSED') forward(incoming, outgoing, targets, tries + 1);
      else outgoing.writeHead(502, { 'content-type': 'text/plain', connection: 'close' }).end('The replica hung up.\n');
    });
    outgoing.once('close', () => upstream.destroy());
    upstream.once('socket', (socket) => {
      const send = () => incoming.pipe(upstream);
      if (socket.connecting) socket.once('connect', send);
      else send();
    });
  };

  const server = createServer(
    { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: keptAliveMs },
    (incoming, outgoing) =>
      forward(incoming, outgoing, isQuery(incoming) ? replicas.queries() : replicas.commands(), 0),
  );
  server.listen({ port, host: '127.0.0.1', backlog: connectionBacklog });
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      agent.destroy();
    },
  };
};
