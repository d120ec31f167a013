import type { EndedDoc, ResultCache } from '@hindcast/domain';
import type { RedisLink } from './redis-link.ts';

/** Part of every key: a program that stores other documents counts it up. */
const format = 1;

/** What does not fit, or is not there, is read from the view. An answer of Redis that is no document counts as a miss. */
export const createRedisResultCache = ({
  redis,
  ttlMs = 3_600_000,
  valueCharactersMax = 256 * 1024,
}: {
  redis: RedisLink;
  ttlMs?: number;
  valueCharactersMax?: number;
}): ResultCache => {
  const keyOf = (key: string): string => `${redis.namespace}:result${format}:${key}`;

  return {
    // Reads of the same moment go out together: the link pipelines them.
    async get(key) {
      const text = await redis.ask((server) => server.get(keyOf(key)), null);
      const doc = text === null ? undefined : parsed(text);
      return doc?.key === key ? doc : undefined;
    },
    put: (docs) =>
      redis.tell((pipeline) => {
        for (const doc of docs) {
          const text = JSON.stringify(doc);
          // One that grew too large must not leave its older form behind.
          if (text.length > valueCharactersMax) pipeline.unlink(keyOf(doc.key));
          else pipeline.set(keyOf(doc.key), text, 'PX', ttlMs);
        }
      }),
    async drop(keys) {
      if (keys.length > 0) await redis.ask<unknown>((server) => server.unlink(...keys.map(keyOf)), undefined);
    },
  };
};

const parsed = (text: string): EndedDoc | undefined => {
  try {
    return JSON.parse(text) as EndedDoc;
  } catch {
    return undefined;
  }
};
