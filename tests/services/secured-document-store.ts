import { join } from 'node:path';
import { MongoClient } from 'mongodb';
import type { Certificate, Certificates } from './certificates.ts';
import { freePorts } from './free-ports.ts';
import { startProgram, temporaryFolder } from './program.ts';
import { secantusFromPython, secantusFromRust } from './secantus.ts';

const selectTimeoutMs = 2_000;

export interface SecuredDocumentStore {
  readonly port: number;
  stop(): Promise<void>;
}

export interface SecuredDocumentStoreOptions {
  readonly certificates: Certificates;
  readonly shows: Certificate;
  readonly user: { readonly name: string; readonly password: string };
}

const withClient = async (url: string, use: (client: MongoClient) => Promise<unknown>): Promise<boolean> => {
  const client = new MongoClient(url, { serverSelectionTimeoutMS: selectTimeoutMs, connectTimeoutMS: selectTimeoutMs });
  try {
    await use(client);
    return true;
  } finally {
    await client.close();
  }
};

/** SecantusDB, the stand-in, with TLS and SCRAM-SHA-256: its user is made while nobody has to say who he is. */
export const startSecuredDocumentStore = async (
  options: SecuredDocumentStoreOptions,
): Promise<SecuredDocumentStore | undefined> => {
  const { certificates, shows, user } = options;
  const secantus = (await secantusFromRust()) ?? (await secantusFromPython());
  if (!secantus) return undefined;
  const storage = await temporaryFolder('secured-store-data');
  const run = async (more: readonly string[], ready: (port: number) => Promise<boolean>) => {
    const [port = 0] = await freePorts(1);
    const place = ['--host', '127.0.0.1', '--port', String(port), '--storage-path', join(storage, 'data')];
    const instance = await startProgram({
      name: 'SecantusDB with TLS and users',
      command: secantus.command,
      args: [...secantus.args, ...place, '--cache-size', '256M', '--log-level', 'WARNING', ...more],
      ...(secantus.env ? { env: secantus.env } : {}),
      folder: await temporaryFolder('secured-store'),
      ready: () => ready(port),
    });
    return { port, stop: instance.stop };
  };

  const roles = [{ role: 'readWriteAnyDatabase', db: 'admin' }];
  const open = await run(['--sync-on-commit'], (port) =>
    withClient(`mongodb://127.0.0.1:${port}/?directConnection=true`, (client) =>
      client.db('admin').command({ createUser: user.name, pwd: user.password, roles }),
    ),
  );
  await open.stop();
  const tls = ['--tls-cert-file', shows.cert, '--tls-key-file', shows.key];
  const login = `${encodeURIComponent(user.name)}:${encodeURIComponent(user.password)}`;
  return run(['--auth', ...tls], (port) => {
    const trust = `tls=true&tlsAllowInvalidCertificates=true&tlsCAFile=${encodeURIComponent(certificates.ca)}`;
    const url = `mongodb://${login}@127.0.0.1:${port}/?directConnection=true&authSource=admin&${trust}`;
    return withClient(url, (client) => client.db('admin').command({ ping: 1 }));
  });
};
