import type { CompletionBus, PredictionDoc } from '@hindcast/domain';
import { createMemoryCompletionBus } from '@hindcast/domain/in-memory';
import { type Notice, noticesOf, readNotices } from './notices.ts';
import type { RedisLink } from './redis-link.ts';
import { shardOf } from './shards.ts';

/** A larger document is announced by its key, as an ended one is, and read by those who wait for it. */
const wholeCharactersMax = 64 * 1024;

/**
 * Notices between processes. Keys are spread over a fixed number of channels, and a process listens to those of the keys
 * that it waits for: thousands of waits cost no more than that number of subscriptions, over one connection.
 */
export const createRedisCompletionBus = ({
  redis,
  read,
  lingerMs = 10_000,
}: {
  redis: RedisLink;
  /** The document as the cache or the view has it, for one that was not sent. */
  read: (key: string) => Promise<PredictionDoc | undefined>;
  /** A channel that nobody waits on is kept for so long: short waits, one after the other, subscribe once. */
  lingerMs?: number;
}): CompletionBus => {
  const { logger, namespace } = redis;
  const local = createMemoryCompletionBus(logger && { logger });
  const waitsByKey = new Map<string, number>();
  /** Also shards that linger, with none. */
  const waitsByShard = new Map<number, number>();
  const lingering = new Set<number>();
  const channelOf = (shard: number): string => `${namespace}:notices:${shard}`;
  const subscriber = redis.second();

  const hear = async ({ key, text }: Notice): Promise<void> => {
    try {
      const doc = text === undefined ? await read(key) : (JSON.parse(text) as PredictionDoc);
      if (doc?.key === key) local.publish([doc]);
    } catch (error) {
      logger?.debug({ err: error, key }, 'A notice could not be read.');
    }
  };
  subscriber.on('message', (_channel, message) => {
    for (const notice of readNotices(message, (key) => waitsByKey.has(key))) void hear(notice);
  });

  // What was subscribed to is gone with a connection, and what is wanted may have changed since.
  subscriber.on('ready', () => {
    if (waitsByShard.size > 0) send('subscribe', [...waitsByShard.keys()]);
  });

  /** A failure costs notices only: whoever waits reads again now and then. */
  const send = (what: 'subscribe' | 'unsubscribe', shards: readonly number[]): void => {
    if (subscriber.status !== 'ready') return;
    subscriber[what](...shards.map(channelOf)).catch((error: unknown) => {
      logger?.debug({ err: error, shards }, `Redis did not ${what}.`);
    });
  };
  const enter = (shard: number): void => {
    const waits = waitsByShard.get(shard);
    waitsByShard.set(shard, (waits ?? 0) + 1);
    if (waits === undefined) send('subscribe', [shard]);
  };
  const leaveShard = (shard: number): void => {
    const waits = (waitsByShard.get(shard) ?? 1) - 1;
    waitsByShard.set(shard, waits);
    if (waits > 0 || lingering.has(shard)) return;
    const timer = setTimeout(() => {
      lingering.delete(shard);
      if ((waitsByShard.get(shard) ?? 0) > 0) return;
      waitsByShard.delete(shard);
      send('unsubscribe', [shard]);
    }, lingerMs);
    lingering.add(shard);
    timer.unref();
  };

  return {
    publish(docs) {
      if (docs.length === 0) return;
      void redis.tell((pipeline) => {
        for (const { shard, message } of noticesOf(docs, wholeCharactersMax)) {
          pipeline.publish(channelOf(shard), message);
        }
      });
    },
    subscribe(key, listener) {
      const leave = local.subscribe(key, listener);
      const shard = shardOf(key);
      waitsByKey.set(key, (waitsByKey.get(key) ?? 0) + 1);
      enter(shard);
      let left = false;
      return () => {
        if (left) return;
        left = true;
        leave();
        const others = (waitsByKey.get(key) ?? 1) - 1;
        if (others === 0) waitsByKey.delete(key);
        else waitsByKey.set(key, others);
        leaveShard(shard);
      };
    },
  };
};
