import { Redis } from 'ioredis';
import { findContainerEngine } from './container.ts';
import { freePorts } from './free-ports.ts';
import { foreignInstance, type Instance } from './instance.ts';
import { climb, type Found } from './ladder.ts';
import { startProgram, temporaryFolder } from './program.ts';
import { findRedis, installRedis } from './redis-program.ts';

/** It keeps nothing over a restart, as everything in Hindcast's Redis may be lost, unless it is asked to. */
export interface RedisServer extends Instance {
  readonly url: string;
}

export interface RedisOptions {
  /** A server that a test may kill: not that of the environment. */
  readonly killable?: boolean;
  /** Every write is on the disk before it is answered, and nothing is ever evicted. */
  readonly durable?: boolean;
}

const image = 'redis:7.2';
const connectTimeoutMs = 2_000;
const keepsNothing = ['--appendonly', 'no'];
const keepsAll = ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'noeviction'];

const serverArgs = (port: number, durable: boolean) => [
  ...['--port', String(port), '--save', ''],
  ...(durable ? keepsAll : keepsNothing),
];

const answers = async (url: string): Promise<boolean> => {
  const client = new Redis(url, { lazyConnect: true, connectTimeout: connectTimeoutMs, retryStrategy: () => null });
  // Without a listener the client writes each refused connection to the console.
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.ping()) === 'PONG';
  } finally {
    client.disconnect();
  }
};

const startProcess = async (command: string, durable: boolean): Promise<RedisServer> => {
  const [port = 0] = await freePorts(1);
  const url = `redis://127.0.0.1:${port}`;
  const instance = await startProgram({
    name: 'Redis',
    command,
    args: [...serverArgs(port, durable), '--bind', '127.0.0.1'],
    folder: await temporaryFolder('redis'),
    ready: () => answers(url),
  });
  return { ...instance, url };
};

/** A Redis of its own for each call, except where REDIS_URL names one. */
export const startRedis = ({ killable = false, durable = false }: RedisOptions = {}): Promise<RedisServer & Found> =>
  climb<RedisServer>('Redis', [
    {
      way: 'address in the environment',
      mustWork: true,
      async climb() {
        const url = process.env['REDIS_URL'];
        if (!url) return { because: 'REDIS_URL is not set' };
        if (killable) return { because: 'the server in REDIS_URL is not ours to kill' };
        await answers(url);
        return { service: { ...foreignInstance, url }, detail: url };
      },
    },
    {
      way: 'program on this machine',
      async climb() {
        const program = await findRedis();
        if (!program) return { because: 'there is no redis-server' };
        return { service: await startProcess(program, durable), detail: program };
      },
    },
    {
      way: 'Docker',
      async climb() {
        const engine = await findContainerEngine();
        if (!engine) return { because: 'no engine answers' };
        const [port = 0] = await freePorts(1);
        const url = `redis://127.0.0.1:${port}`;
        const instance = await engine.start({
          name: 'Redis',
          image,
          command: ['redis-server', ...serverArgs(port, durable)],
          port,
          ready: () => answers(url),
        });
        return { service: { ...instance, url }, detail: image };
      },
    },
    {
      way: 'installed by apt-get',
      async climb() {
        const program = await installRedis();
        if (!program) return { because: 'there is no apt-get' };
        return { service: await startProcess(program, durable), detail: program };
      },
    },
  ]);
