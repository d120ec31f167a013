import { randomUUID } from 'node:crypto';
import type { Reservations } from '@hindcast/domain';
import type { RedisLink } from './redis-link.ts';

/** A claim is a hash: whose request (`hash`), which process took it (`by`), and what it stored on success (`accepted`). */
const reserveScript = `
local held = redis.call('HMGET', KEYS[1], 'hash', 'accepted')
if held[1] then return held end
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'by', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return false`;
const acceptScript = `
if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('HSET', KEYS[1], 'accepted', ARGV[2]) end
return false`;
const releaseScript = `
if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return false`;

/**
 * Claims that several processes share. Only the process that took a claim can accept or release it: one that comes back
 * after its claim has ended does not touch the claim of another.
 */
export const createRedisReservations = ({
  redis,
  ttlMs = 30_000,
  owner = randomUUID(),
}: {
  redis: RedisLink;
  ttlMs?: number;
  /** What no other process is called. */
  owner?: string;
}): Reservations => {
  const run = (script: string, key: string, ...values: readonly (string | number)[]): Promise<unknown> =>
    redis.ask<unknown>((server) => server.eval(script, 1, `${redis.namespace}:claim:${key}`, ...values), null);

  return {
    async reserve(key, hash) {
      const held = await run(reserveScript, key, hash, owner, ttlMs);
      if (!isHeld(held)) return { held: false };
      return { held: true, by: { hash: held[0], accepted: held[1] ?? undefined } };
    },
    async accept(key, accepted) {
      await run(acceptScript, key, owner, accepted);
    },
    async release(key) {
      await run(releaseScript, key, owner);
    },
  };
};

const isHeld = (answer: unknown): answer is readonly [string, string | null] =>
  Array.isArray(answer) && typeof answer[0] === 'string';
