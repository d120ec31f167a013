import { randomUUID } from 'node:crypto';
import type { Claim, Reservations } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import type { RedisLink } from './redis-link.ts';

/**
 * A claim is a hash: whose request (`hash`), which process took it (`by`), and what it stored on success (`accepted`).
 * Beside the claims stands a mark that goes where they go, with the time at which it was made: claims of before may be lost.
 */
const reserveScript = `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local mark = redis.call('GET', KEYS[2])
if not mark then
  mark = nowMs
  redis.call('SET', KEYS[2], string.format('%.0f', mark))
end
local age = string.format('%.0f', nowMs - mark)
local doubt = redis.call('EXISTS', KEYS[3])
local held = redis.call('HMGET', KEYS[1], 'hash', 'accepted')
if held[1] then return {age, doubt, held[1], held[2]} end
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'by', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {age, doubt}`;
const acceptScript = `
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'accepted', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;
const releaseScript = `
if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('DEL', KEYS[1]) end
return false`;
const doubtScript = `
if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[2], '', 'PX', ARGV[2])
return 1`;

/**
 * Claims that several processes share. Only the process that took a claim can accept or release it: one that comes back
 * after its claim has ended does not touch the claim of another. While Redis does not answer a key is claimed within this
 * process alone. No claim is sure for some time after that, after Redis was found empty, and after each new connection to
 * it: it may have been started again with claims of long ago.
 */
export const createRedisReservations = ({
  redis,
  ttlMs = 30_000,
  keptMs = 300_000,
  unsureMs = ttlMs,
  owner = randomUUID(),
}: {
  redis: RedisLink;
  /** Longer than an append can take until it is given up: who is not sure must have said so while its claim is kept. */
  ttlMs?: number;
  /** An accepted one is kept for longer, for the view may be late. */
  keptMs?: number;
  /** How long no claim is sure after some may have been lost. */
  unsureMs?: number;
  /** What no other process is called. */
  owner?: string;
}): Reservations => {
  const now = () => performance.now();
  const alone = createMemoryReservations({ now, ttlMs, keptMs });
  let unsureUntil = now() + unsureMs;
  redis.whenReady(() => {
    unsureUntil = now() + unsureMs;
  });
  const claimKey = (key: string): string => `${redis.namespace}:claim:${key}`;
  const doubtKey = (key: string): string => `${redis.namespace}:doubt:${key}`;
  const run = (script: string, key: string, ...values: readonly (string | number)[]): Promise<unknown> =>
    redis.ask<unknown>((server) => server.eval(script, 2, claimKey(key), doubtKey(key), ...values), null);

  return {
    async reserve(key, hash) {
      const keys = [claimKey(key), `${redis.namespace}:claimed-since`, doubtKey(key)];
      const answer = await redis.ask<unknown>(
        (server) => server.eval(reserveScript, keys.length, ...keys, hash, owner, ttlMs),
        undefined,
      );
      if (!isAnswer(answer)) {
        unsureUntil = now() + unsureMs;
        return { ...(await alone.reserve(key, hash)), sure: false, alone: true } satisfies Claim;
      }
      const [age, doubt, holder, accepted] = answer;
      const sure = now() >= unsureUntil && Number(age) >= unsureMs && doubt === 0;
      if (holder === undefined) return { held: false, sure };
      // What was accepted has won, whatever was lost since.
      return { held: true, sure: sure || accepted !== null, by: { hash: holder, accepted: accepted ?? undefined } };
    },
    async accept(key, accepted) {
      return (await run(acceptScript, key, owner, accepted, keptMs)) === 1;
    },
    async release(key) {
      await alone.release(key);
      await run(releaseScript, key, owner);
    },
    async doubt(key) {
      await alone.release(key);
      // Nobody else hears of it: at least this process is not sure of anything for as long.
      if ((await run(doubtScript, key, owner, ttlMs)) !== 1) unsureUntil = now() + ttlMs;
    },
  };
};

const isAnswer = (
  answer: unknown,
): answer is readonly [age: string, doubt: number, holder?: string, accepted?: string | null] =>
  Array.isArray(answer) && typeof answer[0] === 'string';
