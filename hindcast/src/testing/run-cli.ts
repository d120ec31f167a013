import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { PassThrough, Readable } from 'node:stream';
import { runCli } from '../cli.ts';
import type { CliContext } from '../commands/cli-context.ts';

interface Asked {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}
type Answerer = (asked: Asked, response: ServerResponse, turn: number) => void;

const servers: Server[] = [];
/** Ends every server that `serve` has started. */
export const closeAll = () =>
  Promise.all(
    servers.splice(0).map((server) => {
      server.closeAllConnections();
      return new Promise((done) => server.close(done));
    }),
  );

/** A server that answers as it is told, and remembers what it was asked. */
export const serve = async (answer: Answerer) => {
  const asked: Asked[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const one = { method, path: url, headers, body };
      asked.push(one);
      answer(one, response, asked.length);
    });
  });
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked };
};

export const send = (response: ServerResponse, status: number, body: unknown, headers: Record<string, string> = {}) => {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
};

interface GivenToCli {
  readonly stdin?: string;
  readonly env?: Record<string, string>;
  readonly openLog?: CliContext['openLog'];
}

/** Runs a command line, and answers everything that a shell would see of it. */
export const cli = async (args: readonly string[], given: GivenToCli = {}) => {
  const collect = () => {
    const stream = new PassThrough();
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    return { stream, text: () => text };
  };
  const [out, err] = [collect(), collect()];
  const context: CliContext = {
    version: '0.1.0',
    cores: 2,
    terminal: {
      stdin: Readable.from([Buffer.from(given.stdin ?? '')]),
      stdout: out.stream,
      stderr: err.stream,
      env: given.env ?? {},
      now: Date.now,
    },
    loadStart: () => Promise.reject(new Error('nothing is started here')),
    openLog: given.openLog ?? (() => Promise.reject(new Error('no log is opened here'))),
    isLocked: async () => false,
  };
  const code = await runCli(args, context);
  return { code, out: out.text(), err: err.text() };
};
