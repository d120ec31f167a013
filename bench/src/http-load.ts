import { connect, type Socket } from 'node:net';

/** What one request came to. */
export interface Timed {
  readonly status: number;
  readonly ms: number;
}

export interface Load {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bodies are sent in turn. */
  readonly bodies: readonly string[];
  readonly requests: number;
  /** Nothing is sent after it, where it is given. */
  readonly msMax?: number;
  readonly connections: number;
  readonly onResponse?: (body: string) => void;
}

/**
 * A closed-loop load over plain keep-alive sockets: each connection sends its next request when the answer to the last
 * one is complete. Parses just enough HTTP/1.1 to be much cheaper than what it measures.
 */
export const runLoad = async (load: Load): Promise<readonly Timed[]> => {
  const timed: Timed[] = [];
  let sent = 0;
  const sendUntil = performance.now() + (load.msMax ?? Number.POSITIVE_INFINITY);
  const head = Object.entries({ host: `127.0.0.1:${load.port}`, 'content-type': 'application/json', ...load.headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  const requests = load.bodies.map((body) =>
    Buffer.from(`POST ${load.path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  );
  const connection = (socket: Socket): Promise<void> =>
    new Promise((resolve, reject) => {
      let received = Buffer.alloc(0);
      let startedAt = 0;
      const next = () => {
        startedAt = performance.now();
        if (sent >= load.requests || startedAt > sendUntil) {
          socket.end();
          resolve();
          return;
        }
        socket.write(requests[sent++ % requests.length] as Buffer);
      };
      socket.setNoDelay(true);
      socket.on('connect', next);
      socket.on('error', reject);
      socket.on('close', () => reject(new Error(`the server closed a connection to ${load.path}`)));
      socket.on('data', (chunk) => {
        received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
        const headEnd = received.indexOf('\r\n\r\n');
        if (headEnd < 0) return;
        const text = received.toString('latin1', 0, headEnd);
        const length = Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0);
        if (received.length < headEnd + 4 + length) return;
        timed.push({ status: Number(text.slice(9, 12)), ms: performance.now() - startedAt });
        load.onResponse?.(received.toString('utf8', headEnd + 4, headEnd + 4 + length));
        received = received.subarray(headEnd + 4 + length);
        next();
      });
    });
  await Promise.all(Array.from({ length: load.connections }, () => connection(connect(load.port, '127.0.0.1'))));
  return timed;
};

/** The value below which the share `q` of the sorted values lies. */
export const quantile = (values: readonly number[], q: number): number => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(q * sorted.length))] ?? Number.NaN;
};
