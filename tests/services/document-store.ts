import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import { findContainerEngine } from './container.ts';
import { findProgram } from './find-program.ts';
import { freePorts } from './free-ports.ts';
import { foreignInstance, type Instance } from './instance.ts';
import { climb, type Found, type Rung } from './ladder.ts';
import { startProgram, temporaryFolder } from './program.ts';
import { buildSecantus, type Secantus, secantusBeingBuilt, secantusFromPython, secantusFromRust } from './secantus.ts';

/** A one-node replica set, MongoDB's or a stand-in's. What a killable one has acknowledged is on the disk. */
export interface DocumentStore extends Instance {
  readonly url: string;
}

export interface DocumentStoreOptions {
  /** A server that a test may kill: not that of the environment. */
  readonly killable?: boolean;
}

const image = 'mongo:8.0';
const selectTimeoutMs = 2_000;
const alreadyInitiated = 23;
const memory = { secantus: '256M', mongodGb: '0.25' };

const withClient = async <T>(url: string, use: (client: MongoClient) => Promise<T>): Promise<T> => {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: selectTimeoutMs, connectTimeoutMS: selectTimeoutMs });
  try {
    return await use(client);
  } finally {
    await client.close();
  }
};

const isPrimary = (url: string): Promise<boolean> =>
  withClient(url, async (client) => (await client.db('admin').command({ hello: 1 }))['isWritablePrimary'] === true);

const urlAt = (port: number) => `mongodb://127.0.0.1:${port}/?directConnection=true`;

/** MongoDB's own server waits to be told that it is a set of one. */
const initiated = (url: string, port: number): Promise<boolean> =>
  withClient(url, async (client) => {
    const set = { _id: 'hindcast', members: [{ _id: 0, host: `127.0.0.1:${port}` }] };
    await client
      .db('admin')
      .command({ replSetInitiate: set })
      .catch((error: { code?: unknown }) => {
        if (error.code !== alreadyInitiated) throw error;
      });
    return isPrimary(url);
  });

const mongodArgs = (port: number) => [
  ...['--port', String(port), '--replSet', 'hindcast', '--wiredTigerCacheSizeGB', memory.mongodGb],
];

const startMongod = async (command: string): Promise<DocumentStore> => {
  const [port = 0] = await freePorts(1);
  const url = urlAt(port);
  const folder = await temporaryFolder('mongod');
  const instance = await startProgram({
    name: 'mongod',
    command,
    args: [...mongodArgs(port), '--bind_ip', '127.0.0.1', '--dbpath', folder],
    folder,
    ready: () => initiated(url, port),
  });
  return { ...instance, url };
};

/**
 * MongoDB gathers what several commands wait for into one write to the disk. The stand-in can only do it for each document
 * of each command, 2 ms apiece, or not at all: only a store that a test may kill has to.
 */
const startSecantus = async ({ command, args, env }: Secantus, killable: boolean): Promise<DocumentStore> => {
  const [port = 0] = await freePorts(1);
  const url = urlAt(port);
  const folder = await temporaryFolder('secantus');
  const storage = ['--storage-path', join(folder, 'data'), '--cache-size', memory.secantus];
  if (killable) storage.push('--sync-on-commit');
  const instance = await startProgram({
    name: 'SecantusDB',
    command,
    args: [...args, '--host', '127.0.0.1', '--port', String(port), '--log-level', 'WARNING', ...storage],
    ...(env ? { env } : {}),
    folder,
    ready: () => isPrimary(url),
  });
  return { ...instance, url };
};

const secantusRung = (
  killable: boolean,
  way: string,
  because: string,
  find: () => Promise<Secantus | undefined>,
): Rung<DocumentStore> => ({
  way,
  async climb() {
    const secantus = await find();
    return secantus ? { service: await startSecantus(secantus, killable), detail: secantus.detail } : { because };
  },
});

/** A store of its own for each call, except where MONGODB_URI or MONGODB_URL names one. */
export const startDocumentStore = ({ killable = false }: DocumentStoreOptions = {}): Promise<DocumentStore & Found> =>
  climb<DocumentStore>('MongoDB, or a store that speaks its protocol,', [
    {
      way: 'address in the environment',
      mustWork: true,
      async climb() {
        const url = process.env['MONGODB_URI'] ?? process.env['MONGODB_URL'];
        if (!url) return { because: 'neither MONGODB_URI nor MONGODB_URL is set' };
        if (killable) return { because: 'the server in the environment is not ours to kill' };
        if (!(await isPrimary(url))) throw new Error(`${url} leads to no server that takes writes.`);
        return { service: { ...foreignInstance, url }, detail: url };
      },
    },
    {
      way: 'program on this machine',
      async climb() {
        const program = await findProgram('mongod');
        if (!program) return { because: 'there is no mongod' };
        return { service: await startMongod(program), detail: program };
      },
    },
    {
      way: 'Docker',
      async climb() {
        const engine = await findContainerEngine();
        if (!engine) return { because: 'no engine answers' };
        const [port = 0] = await freePorts(1);
        const url = urlAt(port);
        const instance = await engine.start({
          name: 'mongod',
          image,
          command: ['mongod', ...mongodArgs(port), '--bind_ip_all'],
          port,
          ready: () => initiated(url, port),
        });
        return { service: { ...instance, url }, detail: image };
      },
    },
    secantusRung(killable, 'stand-in on this machine', 'it was not built here yet', secantusFromRust),
    secantusRung(
      killable,
      'stand-in being built by another process',
      'there is no such build, or it takes too long',
      secantusBeingBuilt,
    ),
    // The one that pip installs is there in seconds, and too slow for projectors that have to keep up with a load.
    secantusRung(killable, 'stand-in built by cargo', 'there is no cargo', buildSecantus),
    secantusRung(killable, 'stand-in installed by pip', 'there is no python3', secantusFromPython),
  ]);
