import { readFile } from 'node:fs/promises';
import { Redis } from 'ioredis';
import type { Certificate, Certificates } from './certificates.ts';
import { freePorts } from './free-ports.ts';
import { startProgram, temporaryFolder } from './program.ts';
import { findRedis, installRedis } from './redis-program.ts';

const connectTimeoutMs = 2_000;

export interface SecuredRedis {
  readonly port: number;
  stop(): Promise<void>;
}

export interface SecuredRedisOptions {
  readonly certificates: Certificates;
  /** What the server shows. */
  readonly shows: Certificate;
  readonly user: { readonly name: string; readonly password: string };
  /** Whether clients have to show a certificate too. */
  readonly mutual?: boolean;
}

/** Answers over TLS alone, and only to one user, who may touch only keys and channels that begin with `hindcast:`. */
export const startSecuredRedis = async (options: SecuredRedisOptions): Promise<SecuredRedis | undefined> => {
  const { certificates, shows, user, mutual = false } = options;
  const command = (await findRedis()) ?? (await installRedis());
  if (!command) return undefined;
  const [port = 0] = await freePorts(1);
  const rules = ['on', `>${user.password}`, '~hindcast:*', '&hindcast:*', '+@all', '-@admin', '-@dangerous', '+info'];
  const args = [
    ...['--port', '0', '--tls-port', String(port), '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no'],
    ...['--tls-cert-file', shows.cert, '--tls-key-file', shows.key, '--tls-ca-cert-file', certificates.ca],
    ...['--tls-auth-clients', mutual ? 'yes' : 'no'],
    ...['--user', 'default', 'off', '--user', user.name, ...rules],
  ];
  const tls = {
    rejectUnauthorized: false,
    cert: await readFile(certificates.client.cert),
    key: await readFile(certificates.client.key),
  };
  const ready = async () => {
    const client = new Redis({
      ...{ host: '127.0.0.1', port, tls, username: user.name, password: user.password },
      ...{ lazyConnect: true, connectTimeout: connectTimeoutMs, retryStrategy: () => null, enableReadyCheck: false },
    });
    client.on('error', () => {});
    try {
      await client.connect();
      return (await client.ping()) === 'PONG';
    } finally {
      client.disconnect();
    }
  };
  const folder = await temporaryFolder('secured-redis');
  const { stop } = await startProgram({ name: 'Redis with TLS and users', command, args, folder, ready });
  return { port, stop };
};
