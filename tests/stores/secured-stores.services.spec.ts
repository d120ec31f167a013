import { readFile } from 'node:fs/promises';
import { createMongoClient, openMongoViews } from '@hindcast/adapters/mongodb';
import { tlsTroubleOf } from '@hindcast/adapters/node';
import {
  createRedisCompletionBus,
  createRedisReservations,
  createRedisResultCache,
  openRedis,
  type RedisOptions,
} from '@hindcast/adapters/redis';
import { endedDoc } from '@hindcast/domain/contracts';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type Certificates, makeCertificates } from '../services/certificates.ts';
import { type SecuredDocumentStore, startSecuredDocumentStore } from '../services/secured-document-store.ts';
import { type SecuredRedis, startSecuredRedis } from '../services/secured-redis.ts';

const user = { name: 'hindcast', password: 'Correct-Horse-7' };
const wrongPassword = 'Battery-Staple-9';
const waitMs = { timeout: 20_000, interval: 20 };
const { redis: redisAvailable, mongodb: storeAvailable } = inject('services');

const certificatesOrThrow = async (): Promise<Certificates> => {
  const made = await makeCertificates();
  if (!made) throw new Error('There is no openssl: nothing of this was tested.');
  return made;
};

describe.skipIf(!redisAvailable)('a Redis that asks who is there', () => {
  const servers: SecuredRedis[] = [];
  let ca: string;
  let strangersCa: string;
  let client: { readonly cert: string; readonly key: string };
  const ports = { valid: 0, mutual: 0, expired: 0, elsewhere: 0 };
  beforeAll(async () => {
    const certificates = await certificatesOrThrow();
    const start = async (name: keyof typeof ports, options: { shows: keyof Certificates; mutual?: boolean }) => {
      const shows = certificates[options.shows];
      if (typeof shows === 'string') throw new Error('An authority is no server.');
      const server = await startSecuredRedis({ certificates, user, ...options, shows });
      if (!server) throw new Error('There is no Redis.');
      servers.push(server);
      ports[name] = server.port;
    };
    await start('valid', { shows: 'server' });
    await start('mutual', { shows: 'server', mutual: true });
    await start('expired', { shows: 'expired' });
    await start('elsewhere', { shows: 'elsewhere' });
    const read = (path: string) => readFile(path, 'utf8');
    [ca, strangersCa] = [await read(certificates.ca), await read(certificates.strangersCa)];
    client = { cert: await read(certificates.client.cert), key: await read(certificates.client.key) };
  });
  afterAll(async () => {
    for (const server of servers) await server.stop();
  });

  const urlAt = (port: number, password = user.password) => `rediss://${user.name}:${password}@localhost:${port}`;
  /** With a log as the process has it: what an error carries is written out. */
  const open = (options: Pick<RedisOptions, 'url' | 'tls'>) => {
    const lines: string[] = [];
    const logger = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
    return { redis: openRedis({ namespace: 'hindcast:secured', commandTimeoutMs: 5_000, logger, ...options }), lines };
  };

  it.each(['valid', 'mutual'] as const)('holds results, claims and notices for its user: %s', async (server) => {
    const { redis } = open({ url: urlAt(ports[server]), tls: { ca, ...(server === 'mutual' ? client : {}) } });
    try {
      await vi.waitFor(() => expect(redis.answers()).toBe(true), waitMs);
      const cache = createRedisResultCache({ redis });
      await cache.put([endedDoc('a', 3)]);
      expect(await cache.get('t/a')).toEqual(endedDoc('a', 3));
      const reservations = createRedisReservations({ redis });
      await reservations.reserve('t/a', 'claim-1', 'hash');
      expect(await reservations.reserve('t/a', 'claim-2', 'other')).toMatchObject({ held: true, by: { hash: 'hash' } });
      const bus = createRedisCompletionBus({ redis, read: cache.get });
      const heard = vi.fn();
      bus.subscribe('t/a', heard);
      await vi.waitFor(() => {
        bus.publish([endedDoc('a', 3)]);
        expect(heard).toHaveBeenCalled();
      }, waitMs);
      expect(redis.counts().failed).toBe(0);
    } finally {
      await redis.stop();
    }
  });

  const login = () => urlAt(ports.valid);
  it.each<[string, () => Pick<RedisOptions, 'url' | 'tls'>, RegExp]>([
    [
      'a wrong password',
      () => ({ url: urlAt(ports.valid, wrongPassword), tls: { ca } }),
      /by this password \(WRONGPASS\)/,
    ],
    ['no name', () => ({ url: `rediss://localhost:${ports.valid}`, tls: { ca } }), /by this password \(NOAUTH\)/],
    ['an unknown authority', () => ({ url: login(), tls: { ca: strangersCa } }), /not trusted here/],
    ['an expired certificate', () => ({ url: urlAt(ports.expired), tls: { ca } }), /has expired/],
    ['a certificate of another host', () => ({ url: urlAt(ports.elsewhere), tls: { ca } }), /is for another host/],
    ['no certificate of its own', () => ({ url: urlAt(ports.mutual), tls: { ca } }), /asks for a client certificate/],
  ])('is told of once and in words, and gone without: %s', async (_, options, words) => {
    const { redis, lines } = open(options());
    try {
      await vi.waitFor(() => expect(lines.join('')).toMatch(words), waitMs);
      expect(lines.filter((line) => words.test(JSON.parse(line).msg))).toHaveLength(1);
      expect(await createRedisResultCache({ redis }).get('t/a')).toBeUndefined();
      for (const secret of [user.password, wrongPassword]) expect(lines.join('')).not.toContain(secret);
    } finally {
      await redis.stop();
    }
  });
});

describe.skipIf(!storeAvailable)('a document store that asks who is there', () => {
  const stores: SecuredDocumentStore[] = [];
  let certificates: Certificates;
  const ports = { server: 0, expired: 0, elsewhere: 0 };
  beforeAll(async () => {
    certificates = await certificatesOrThrow();
    for (const name of ['server', 'expired', 'elsewhere'] as const) {
      const store = await startSecuredDocumentStore({ certificates, shows: certificates[name], user });
      if (!store) throw new Error('There is no SecantusDB: nothing of this was tested.');
      stores.push(store);
      ports[name] = store.port;
    }
  });
  afterAll(async () => {
    for (const store of stores) await store.stop();
  });

  const uriAt = (port: number, { password = user.password, ca = certificates.ca } = {}) =>
    `mongodb://${user.name}:${password}@localhost:${port}/?directConnection=true&authSource=admin&tls=true&tlsCAFile=${ca}`;
  const refusal = async (uri: string): Promise<Error> => {
    const begin = performance.now();
    const error: unknown = await openMongoViews({ server: { uri }, database: 'secured', now: Date.now }).then(
      (views) => views.stop(),
      (refused: unknown) => refused,
    );
    if (!(error instanceof Error)) throw new Error('It was not refused.');
    expect(performance.now() - begin).toBeLessThan(6_000);
    const told: string[] = [];
    pino({}, { write: (line: string) => void told.push(line) }).error({ err: error }, 'refused');
    for (const secret of [user.password, wrongPassword]) expect(told.join('')).not.toContain(secret);
    return error;
  };

  it('keeps views for its user', async () => {
    const client = createMongoClient(uriAt(ports.server));
    const views = await openMongoViews({ server: { client }, database: 'secured', now: Date.now });
    expect((await views.generations()).length).toBeGreaterThan(0);
    await client.close();
  });

  it('refuses a wrong password', async () => {
    expect(await refusal(uriAt(ports.server, { password: wrongPassword }))).toMatchObject({ code: 18 });
  });

  it.each<[string, () => string, RegExp]>([
    ['an unknown authority', () => uriAt(ports.server, { ca: certificates.strangersCa }), /not trusted here/],
    ['an expired certificate', () => uriAt(ports.expired), /has expired/],
    ['a certificate of another host', () => uriAt(ports.elsewhere), /is for another host/],
  ])('is refused for %s', async (_, uri, words) => {
    expect(tlsTroubleOf(await refusal(uri()))).toMatch(words);
  });
});
