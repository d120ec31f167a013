import { Redis } from 'ioredis';
import { describe, expect, inject, it } from 'vitest';
import { startRedis } from './redis.ts';
import { waitUntil } from './wait-until.ts';

const { redis: shared } = inject('services');
const answerTimeoutMs = 10_000;

const connect = (url: string): Redis => {
  const client = new Redis(url, { commandTimeout: 200, maxRetriesPerRequest: null, retryStrategy: () => 50 });
  client.on('error', () => {});
  return client;
};

describe.skipIf(!shared)('Redis', () => {
  it('keeps a value for as long as it was told, and only where there was none', async () => {
    const client = connect(shared ?? '');
    const key = `services-${process.pid}`;
    expect(await client.set(key, 'first', 'PX', 60_000, 'NX')).toBe('OK');
    expect(await client.set(key, 'second', 'PX', 60_000, 'NX')).toBeNull();
    expect(await client.get(key)).toBe('first');
    expect(await client.pttl(key)).toBeGreaterThan(0);
    client.disconnect();
  });

  it('carries messages', async () => {
    const channel = `services-${process.pid}`;
    const [publisher, subscriber] = [connect(shared ?? ''), connect(shared ?? '')];
    const heard = new Promise((resolve) => subscriber.on('message', (_, message) => resolve(message)));
    await subscriber.subscribe(channel);
    expect(await publisher.publish(channel, 'done')).toBe(1);
    expect(await heard).toBe('done');
    publisher.disconnect();
    subscriber.disconnect();
  });

  it('can be frozen, thawed, killed and started again, empty', async () => {
    const redis = await startRedis({ killable: true });
    const client = connect(redis.url);
    try {
      await client.set('key', 'value');
      await redis.freeze();
      await expect(client.get('key')).rejects.toThrow('timed out');
      await redis.thaw();
      await waitUntil('it answers', answerTimeoutMs, async () => (await client.get('key')) === 'value');
      const before = redis.pid();
      await redis.kill();
      await redis.restart();
      await waitUntil('it answers', answerTimeoutMs, async () => (await client.get('key')) === null);
      if (before !== undefined) expect(redis.pid()).not.toBe(before);
    } finally {
      client.disconnect();
      await redis.stop();
    }
  });
});
