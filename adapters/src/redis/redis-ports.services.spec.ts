import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type PredictionDoc, type RateLimits, sessionAgeMsMax } from '@hindcast/domain';
import {
  completionBusContract,
  endedDoc,
  predictionDoc,
  rateLimitsContract,
  requestedDoc,
  reservationsContract,
  resultCacheContract,
  sessionStoreContract,
} from '@hindcast/domain/contracts';
import { createMemoryRateLimits } from '@hindcast/domain/in-memory';
import { describe, expect, inject, it, vi } from 'vitest';
import { createRedisCompletionBus } from './completion-bus.ts';
import { createRedisRateLimits } from './rate-limits.ts';
import { openRedis, type RedisLink } from './redis-link.ts';
import { createRedisReservations } from './reservations.ts';
import { createRedisResultCache } from './result-cache.ts';
import { createRedisSessionStore } from './session-store.ts';

const { redis: url } = inject('services');
const ttlMs = 500;
const claimTtlMs = 300;
const claimKeptMs = 3_000;

/** A busy machine may take longer for a command than a user should wait. */
const commandTimeoutMs = 5_000;

const open = async (namespace: string = randomUUID()): Promise<RedisLink> => {
  const redis = openRedis({ url: url ?? '', namespace, commandTimeoutMs });
  await vi.waitFor(() => expect(redis.answers()).toBe(true));
  return redis;
};
const using = async (test: (redis: RedisLink, other: RedisLink) => Promise<void>): Promise<void> => {
  const redis = await open();
  const other = await open(redis.namespace);
  try {
    await test(redis, other);
  } finally {
    await redis.stop();
    await other.stop();
  }
};

/** Resolves when a notice that was published now has come back: then everything before it has, too. */
const settledBy =
  (publisher: ReturnType<typeof createRedisCompletionBus>, listener = publisher) =>
  async () => {
    const id = `barrier-${randomUUID()}`;
    let heard = false;
    const leave = listener.subscribe(`t/${id}`, () => {
      heard = true;
    });
    await vi.waitFor(() => {
      publisher.publish([predictionDoc(id, 1)]);
      expect(heard).toBe(true);
    });
    leave();
  };

describe.skipIf(!url)('with Redis', () => {
  const neverAlone: RateLimits = {
    take: () => Promise.reject(new Error('Redis was there.')),
  };
  const never = async (): Promise<PredictionDoc | undefined> => {
    throw new Error('Nothing was too large.');
  };

  resultCacheContract(
    'Redis',
    async () => {
      const redis = await open();
      return { cache: createRedisResultCache({ redis }), stop: redis.stop };
    },
    { evicts: false },
  );
  reservationsContract('Redis', async () => {
    const redis = await open();
    return {
      reservations: createRedisReservations({ redis, ttlMs: claimTtlMs, keptMs: claimKeptMs }),
      outliveSilent: () => delay(claimTtlMs + 50),
      outlive: () => vi.waitFor(async () => expect(await left(redis, 'claim:')).toBe(0), { timeout: 5_000 }),
      stop: redis.stop,
    };
  });
  rateLimitsContract('Redis', async () => {
    const redis = await open();
    const other = await open(redis.namespace);
    return {
      limits: createRedisRateLimits({ redis, alone: neverAlone }),
      other: createRedisRateLimits({ redis: other, alone: neverAlone }),
      outlive: () => vi.waitFor(async () => expect(await left(redis)).toBe(0), { timeout: 5_000 }),
      stop: async () => void (await Promise.all([redis.stop(), other.stop()])),
    };
  });
  rateLimitsContract('a Redis that is away', async () => {
    let time = 1_000;
    const redis = openRedis({ url: 'redis://127.0.0.1:1', namespace: 'away' });
    const limits = createRedisRateLimits({ redis, alone: createMemoryRateLimits({ now: () => time }) });
    return {
      limits,
      other: limits,
      async outlive(windowMs) {
        time += windowMs;
      },
      stop: redis.stop,
    };
  });
  sessionStoreContract('Redis', async () => {
    const redis = await open();
    return {
      sessions: createRedisSessionStore({ redis }),
      async outlive(ms) {
        const begin = Date.now();
        await vi.waitFor(() => expect(Date.now()).toBeGreaterThan(begin + ms), { timeout: 5_000 });
      },
      stop: redis.stop,
    };
  });
  completionBusContract('Redis', async () => {
    const redis = await open();
    const bus = createRedisCompletionBus({ redis, read: never });
    return { bus, settled: settledBy(bus), stop: redis.stop };
  });

  const left = async ({ namespace, ask }: RedisLink, kind = ''): Promise<number> =>
    (await ask((server) => server.keys(`${namespace}:${kind}*`), ['unknown'])).length;

  it('keeps results for their time only, and none that is too large', () =>
    using(async (redis) => {
      const cache = createRedisResultCache({ redis, ttlMs, valueCharactersMax: 10_000 });
      await cache.put([endedDoc('a', 3), endedDoc('b', 3)]);
      await cache.put([endedDoc('b', 5, 'x'.repeat(10_000))]);
      expect(await cache.get('t/a')).toEqual(endedDoc('a', 3));
      expect(await cache.get('t/b')).toBeUndefined();
      await vi.waitFor(async () => expect(await left(redis)).toBe(0), { timeout: 5_000 });
      expect(await cache.get('t/a')).toBeUndefined();
    }));

  const id = 'i'.repeat(32);
  const session = { user: 'user-1', data: 'cookie' };

  it('holds no id of a session, and ends one at its greatest age', () =>
    using(async (redis) => {
      let time = Date.now();
      const sessions = createRedisSessionStore({ redis, now: () => time });
      await sessions.put(id, session, sessionAgeMsMax);
      const keys = await redis.ask((server) => server.keys(`${redis.namespace}:*`), []);
      expect(keys).toHaveLength(2);
      expect(keys.join()).not.toContain(id);
      time += sessionAgeMsMax - ttlMs;
      expect(await sessions.touch(id, sessionAgeMsMax)).toBe(true);
      await vi.waitFor(async () => expect(await sessions.get(id)).toBeUndefined(), { timeout: 5_000 });
    }));

  it('signs users out where anything of their sessions is lost, and says where it could not', () =>
    using(async (redis) => {
      const sessions = createRedisSessionStore({ redis });
      await sessions.put(id, session, 60_000);
      await redis.ask<unknown>((server) => server.del(`${redis.namespace}:sessions-of:user-1`), undefined);
      expect(await sessions.get(id)).toBeUndefined();
      expect(await sessions.touch(id, 60_000)).toBe(false);
      const away = openRedis({ url: 'redis://127.0.0.1:1', namespace: 'away' });
      const lost = createRedisSessionStore({ redis: away });
      expect(await lost.put(id, session, 60_000)).toBe(false);
      expect(await lost.get(id)).toBeUndefined();
      expect([await lost.drop(id), await lost.dropAllOf('user-1')]).toEqual([false, false]);
      await away.stop();
    }));

  it('takes what is no document for a miss', () =>
    using(async (redis) => {
      await redis.ask<unknown>((server) => server.set(`${redis.namespace}:result1:t/a`, '{"half'), undefined);
      expect(await createRedisResultCache({ redis }).get('t/a')).toBeUndefined();
    }));

  it('gives a key to one of 200 who ask in two processes', () =>
    using(async (redis, other) => {
      const processes = [createRedisReservations({ redis }), createRedisReservations({ redis: other })];
      const answers = await Promise.all(
        Array.from({ length: 200 }, (_, i) => processes[i % 2]?.reserve('t/a', `claim-${i}`, `hash-${i}`)),
      );
      expect(answers.filter((answer) => answer?.held === false)).toHaveLength(1);
    }));

  it('leaves the claim of another process alone', () =>
    using(async (redis, other) => {
      const slow = createRedisReservations({ redis, ttlMs: 1, keptMs: 1 });
      const quick = createRedisReservations({ redis: other });
      await slow.reserve('t/a', 'claim-1', 'hash-1');
      await vi.waitFor(async () => expect(await left(redis, 'claim:')).toBe(0));
      expect(await quick.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false, sure: true });
      await slow.release('t/a', 'claim-1');
      await slow.accept('t/a', 'claim-1', 'mine');
      expect(await slow.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({
        held: true,
        sure: true,
        by: { hash: 'hash-2', accepted: undefined },
      });
      await quick.accept('t/a', 'claim-2', 'yes');
      expect(await slow.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({ held: true, by: { accepted: 'yes' } });
    }));

  it('tells another process, of large documents and of ended ones by what it reads', () =>
    using(async (redis, other) => {
      const large = requestedDoc('large', 5, 1_000, { entity: 'x'.repeat(100_000) });
      const read = async (key: string) => ({ ...large, key, pos: 6 });
      const publisher = createRedisCompletionBus({ redis, read: never });
      const listener = createRedisCompletionBus({ redis: other, read });
      const heard: string[] = [];
      for (const key of ['t/large', 't/ended', 't/small'])
        listener.subscribe(key, (doc) => heard.push(`${doc.key}@${doc.pos}`));
      await settledBy(publisher, listener)();
      publisher.publish([large, endedDoc('ended', 5), predictionDoc('small', 7)]);
      await vi.waitFor(() => expect(heard.sort()).toEqual(['t/ended@6', 't/large@6', 't/small@7']));
    }));

  it('subscribes once for many waits, and to nothing when all have left', () =>
    using(async (redis) => {
      const bus = createRedisCompletionBus({ redis, read: never, lingerMs: 20 });
      const channels = () => redis.ask((server) => server.pubsub('CHANNELS', `${redis.namespace}:*`), []);
      const leave = Array.from({ length: 5_000 }, (_, i) => bus.subscribe(`t/p-${i}`, () => undefined));
      await settledBy(bus)();
      expect((await channels()).length).toBeLessThanOrEqual(64);
      for (const one of leave) one();
      await vi.waitFor(async () => expect(await channels()).toEqual([]));
    }));
});
