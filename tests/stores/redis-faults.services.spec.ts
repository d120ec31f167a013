import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createRedisCompletionBus,
  createRedisReservations,
  createRedisResultCache,
  openRedis,
} from '@hindcast/adapters/redis';
import { endedDoc, predictionDoc } from '@hindcast/domain/contracts';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import { type RedisServer, startRedis } from '../services/redis.ts';

const { redis: shared } = inject('services');
const commandTimeoutMs = 250;
/** What a busy machine may add. */
const slackMs = 1_000;
const recoveryTimeoutMs = 30_000;
/** By which the clocks of this process and of Redis may differ from one question to the next. */
const clockSlackMs = 50;

describe.skipIf(!shared)('a Redis that fails', () => {
  let server: RedisServer;
  beforeAll(async () => {
    server = await startRedis({ killable: true });
  });
  afterAll(() => server?.stop());

  const open = (url = server.url) => {
    const told: string[] = [];
    const note = (_: object, message: string) => void told.push(message);
    const logger = { debug: () => undefined, info: note, warn: note, error: note };
    const redis = openRedis({ url, namespace: 'faults', logger, commandTimeoutMs });
    const cache = createRedisResultCache({ redis });
    return {
      redis,
      told,
      cache,
      reservations: createRedisReservations({ redis }),
      bus: createRedisCompletionBus({ redis, read: cache.get }),
    };
  };
  type Opened = ReturnType<typeof open>;

  const answersAsIfEmpty = async ({ cache, reservations, bus }: Opened) => {
    const begin = performance.now();
    const asked = await Promise.all([
      ...Array.from({ length: 100 }, () => cache.get('t/a')),
      cache.put([endedDoc('a', 3)]),
      cache.drop(['t/a']),
      reservations.reserve('t/a', 'claim-1', 'hash-1'),
      reservations.accept('t/a', 'claim-1', '{}'),
      reservations.release('t/a', 'claim-1'),
    ]);
    bus.publish([endedDoc('a', 3)]);
    expect(performance.now() - begin).toBeLessThan(commandTimeoutMs + slackMs);
    expect(asked.filter((answer) => answer !== undefined)).toEqual([{ held: false, sure: false, alone: true }, false]);
  };
  /** Since when no claim was lost. */
  const wholeSince = async ({ reservations }: Opened) =>
    (await reservations.reserve(`t/${randomUUID()}`, 'claim', 'hash')).wholeSince ?? Number.NaN;
  const works = ({ cache, bus }: Opened) =>
    vi.waitFor(
      async () => {
        await cache.put([endedDoc('works', 3)]);
        expect(await cache.get('t/works')).toEqual(endedDoc('works', 3));
        let heard = false;
        const leave = bus.subscribe('t/works', () => {
          heard = true;
        });
        await vi.waitFor(() => {
          bus.publish([endedDoc('works', 3)]);
          expect(heard).toBe(true);
        });
        leave();
      },
      { timeout: recoveryTimeoutMs },
    );

  it('does not hold anybody up while it is frozen', async () => {
    const opened = open();
    await works(opened);
    await server.freeze();
    await answersAsIfEmpty(opened);
    expect(await opened.reservations.reserve('t/alone', 'claim-1', 'hash-1')).toEqual({
      held: false,
      sure: false,
      alone: true,
    });
    expect(await opened.reservations.reserve('t/alone', 'claim-2', 'hash-2')).toMatchObject({
      held: true,
      sure: false,
    });
    const begin = performance.now();
    for (let i = 0; i < 1_000; i += 1) await opened.cache.get('t/a');
    expect(performance.now() - begin).toBeLessThan(2 * commandTimeoutMs + slackMs);
    expect(opened.redis.answers()).toBe(false);
    await server.thaw();
    await works(opened);
    expect(opened.told).toEqual(['Redis does not answer. Everything goes on without it.', 'Redis answers again.']);
    expect(opened.redis.counts().failed).toBeGreaterThan(0);
    expect(opened.redis.counts().skipped).toBeGreaterThan(0);
    await opened.redis.stop();
  });

  it('is found again when it was frozen for so long that its connections were given up', async () => {
    const opened = open();
    await works(opened);
    await server.freeze();
    await vi.waitFor(
      async () => {
        await opened.cache.get('t/a');
        expect(opened.redis.connections()).toBe(0);
      },
      { timeout: recoveryTimeoutMs, interval: 200 },
    );
    await answersAsIfEmpty(opened);
    await server.thaw();
    await works(opened);
    await opened.redis.stop();
  });

  it('is not taken for silent where it was this process that was held up', async () => {
    const opened = open();
    await works(opened);
    await opened.reservations.reserve('t/before', 'claim-1', 'hash-1');
    const asked = opened.reservations.reserve('t/held-up', 'claim-1', 'hash-1');
    await new Promise((resolve) => setImmediate(resolve));
    const heldUpUntil = performance.now() + 1.5 * commandTimeoutMs;
    while (performance.now() < heldUpUntil);
    expect(await asked).toMatchObject({ held: false });
    expect(opened.told.filter((message) => message.includes('does not answer'))).toEqual([]);
    await opened.redis.stop();
  });

  it('is not missed when it is killed, and used again when it is back, with nothing in it', async () => {
    const opened = open();
    await works(opened);
    let heard = 0;
    opened.bus.subscribe('t/still-waiting', () => {
      heard += 1;
    });
    await opened.reservations.reserve('t/claimed', 'claim-1', 'hash-1');
    const before = await wholeSince(opened);
    await server.kill();
    await answersAsIfEmpty(opened);
    await server.restart();
    await works(opened);
    expect(await opened.reservations.reserve('t/claimed', 'claim-2', 'hash-2')).toMatchObject({ held: false });
    expect(await wholeSince(opened)).toBeGreaterThan(before + clockSlackMs);
    await vi.waitFor(() => {
      opened.bus.publish([predictionDoc('still-waiting', 3)]);
      expect(heard).toBeGreaterThan(0);
    });
    await opened.redis.stop();
  });

  it('has claims of before when it was started again with them, and says that some may be missing', async () => {
    const opened = open();
    await works(opened);
    await opened.reservations.reserve('t/kept', 'claim-1', 'hash-1');
    const before = await wholeSince(opened);
    const operator = new Redis(server.url);
    await operator.save();
    operator.disconnect();
    await server.kill();
    await server.restart();
    await works(opened);
    expect(await opened.reservations.reserve('t/kept', 'claim-2', 'hash-2')).toMatchObject({ by: { hash: 'hash-1' } });
    expect(await wholeSince(opened)).toBeGreaterThan(before + clockSlackMs);
    await opened.redis.stop();
  });

  it('answers as empty after FLUSHALL and SCRIPT FLUSH', async () => {
    const opened = open();
    await works(opened);
    await opened.cache.put([endedDoc('a', 3)]);
    expect(await opened.reservations.reserve('t/a', 'claim-1', 'hash-1')).toMatchObject({ held: false, sure: true });
    const before = await wholeSince(opened);
    await delay(2 * clockSlackMs);
    expect(Math.abs((await wholeSince(opened)) - before)).toBeLessThan(clockSlackMs);
    const operator = new Redis(server.url);
    await operator.flushall();
    await operator.script('FLUSH');
    operator.disconnect();
    expect(await opened.cache.get('t/a')).toBeUndefined();
    // Whoever asks first finds out, also one who had asked nothing before.
    const fresh = open();
    await works(fresh);
    expect(await fresh.reservations.reserve('t/a', 'claim-2', 'hash-2')).toMatchObject({ held: false });
    for (const one of [opened, fresh]) expect(await wholeSince(one)).toBeGreaterThan(before + clockSlackMs);
    await fresh.redis.stop();
    expect(opened.told.filter((message) => message.includes('does not answer'))).toEqual([]);
    await opened.redis.stop();
  });

  it('may be absent when a process starts', async () => {
    const opened = open('redis://127.0.0.1:1');
    await answersAsIfEmpty(opened);
    await opened.redis.stop();
  });
});
