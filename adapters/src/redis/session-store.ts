import { createHash, randomUUID } from 'node:crypto';
import { checkSession, type SessionStore, sessionAgeMsMax } from '@hindcast/domain';
import type { RedisLink } from './redis-link.ts';

/**
 * A session names the present period of its user, and counts only for as long as that goes on: the end of a period ends all
 * sessions of the user, and a period that is lost signs the user out, never in. KEYS: session, period of its user.
 */
const putScript = `
local period = redis.call('GET', KEYS[2]) or ARGV[3]
redis.call('SET', KEYS[2], period, 'PX', ARGV[5])
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'user', ARGV[1], 'data', ARGV[2], 'period', period, 'lastAt', ARGV[6] + ARGV[5])
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return 1`;
/** ARGV: the beginning of keys of periods; for a touch the time to live, and now. */
const getScript = `
local held = redis.call('HMGET', KEYS[1], 'user', 'data', 'period', 'lastAt')
if not held[1] or redis.call('GET', ARGV[1] .. held[1]) ~= held[3] then return false end
if ARGV[2] then redis.call('PEXPIRE', KEYS[1], math.min(ARGV[2], held[4] - ARGV[3])) end
return { held[1], held[2] }`;

/**
 * Sessions that all processes share. Redis holds the hash of an id, which opens nothing. A Redis that is restarted from an
 * old snapshot has what was dropped since: it should take none.
 */
export const createRedisSessionStore = ({
  redis,
  now = Date.now,
}: {
  redis: RedisLink;
  now?: () => number;
}): SessionStore => {
  const keyOf = (id: string): string =>
    `${redis.namespace}:session:${createHash('sha256').update(id).digest('base64url')}`;
  const periods = `${redis.namespace}:sessions-of:`;
  const find = (id: string, ...more: readonly number[]): Promise<unknown> =>
    redis.ask<unknown>((server) => server.eval(getScript, 1, keyOf(id), periods, ...more), undefined);
  const remove = async (key: string): Promise<boolean> =>
    typeof (await redis.ask<unknown>((server) => server.unlink(key), undefined)) === 'number';

  return {
    async put(id, session, ttlMs) {
      checkSession(id, session, ttlMs);
      const { user, data } = session;
      const values = [user, data, randomUUID(), ttlMs, sessionAgeMsMax, now()];
      const put = (server: Parameters<Parameters<RedisLink['ask']>[0]>[0]) =>
        server.eval(putScript, 2, keyOf(id), periods + user, ...values);
      return (await redis.ask<unknown>(put, undefined)) === 1;
    },
    async get(id) {
      const found = await find(id);
      return isFound(found) ? { user: found[0], data: found[1] } : undefined;
    },
    touch: async (id, ttlMs) => isFound(await find(id, ttlMs, now())),
    drop: (id) => remove(keyOf(id)),
    dropAllOf: (user) => remove(periods + user),
  };
};

const isFound = (answer: unknown): answer is readonly [string, string] =>
  Array.isArray(answer) && typeof answer[0] === 'string' && typeof answer[1] === 'string';
