import { createConnection } from 'node:net';

export interface Connection {
  send(request: Buffer): void;
  end(): void;
}

/** A keep-alive socket with one request at a time. Parses just enough HTTP/1.1 to be much cheaper than what it measures. */
export const connect = (
  port: number,
  on: { ready(): void; answer(status: number, body: () => string): void; broken(error: Error): void },
): Connection => {
  const socket = createConnection(port, '127.0.0.1');
  let received = Buffer.alloc(0);
  let ended = false;
  socket.setNoDelay(true);
  socket.on('connect', on.ready);
  socket.on('error', on.broken);
  socket.on('close', () => ended || on.broken(new Error('the server closed a connection')));
  socket.on('data', (chunk) => {
    received = received.length === 0 ? chunk : Buffer.concat([received, chunk]);
    const headEnd = received.indexOf('\r\n\r\n');
    if (headEnd < 0) return;
    const head = received.toString('latin1', 0, headEnd);
    const bodyEnd = headEnd + 4 + Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (received.length < bodyEnd) return;
    const answer = received;
    received = received.subarray(bodyEnd);
    on.answer(Number(head.slice(9, 12)), () => answer.toString('utf8', headEnd + 4, bodyEnd));
  });
  return {
    send: (request) => void socket.write(request),
    end() {
      ended = true;
      socket.end();
    },
  };
};

/** Where requests go and what they say. */
export interface Target {
  readonly port: number;
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Bodies are sent in turn. */
  readonly bodies: readonly string[];
}

export const requestsOf = ({ port, path, headers, bodies }: Target): readonly Buffer[] => {
  const head = Object.entries({ host: `127.0.0.1:${port}`, 'content-type': 'application/json', ...headers })
    .map(([name, value]) => `${name}: ${value}\r\n`)
    .join('');
  return bodies.map((body) =>
    Buffer.from(`POST ${path} HTTP/1.1\r\n${head}content-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`),
  );
};
