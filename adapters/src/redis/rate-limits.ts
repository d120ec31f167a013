import type { RateLimits } from '@hindcast/domain';
import type { RedisLink } from './redis-link.ts';

const takeScript = `
local taken = tonumber(redis.call('GET', KEYS[1]) or '0')
local cost, limit = tonumber(ARGV[1]), tonumber(ARGV[2])
local allowed = taken + cost <= limit
if allowed then taken = redis.call('INCRBY', KEYS[1], cost) end
local left = redis.call('PTTL', KEYS[1])
if allowed and left < 0 then
  left = tonumber(ARGV[3])
  redis.call('PEXPIRE', KEYS[1], left)
end
return { allowed and 1 or 0, taken, left }`;

/** Counts that all processes share. While Redis does not answer, each counts by itself in `alone`, and nobody waits. */
export const createRedisRateLimits = ({ redis, alone }: { redis: RedisLink; alone: RateLimits }): RateLimits => ({
  async take(key, cost, rate) {
    const { limit, windowMs } = rate;
    const answer = await redis.ask<unknown>(
      (server) => server.eval(takeScript, 1, `${redis.namespace}:rate:${key}`, cost, limit, windowMs),
      undefined,
    );
    if (!isTaking(answer)) return alone.take(key, cost, rate);
    const [allowed, taken, left] = answer;
    const resetMs = left < 0 ? windowMs : Math.min(left, windowMs);
    return { allowed: allowed === 1, remaining: Math.max(0, limit - taken), resetMs };
  },
});

const isTaking = (answer: unknown): answer is readonly [number, number, number] =>
  Array.isArray(answer) && answer.length === 3 && answer.every((part) => typeof part === 'number');
