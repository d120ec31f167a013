import { randomUUID } from 'node:crypto';
import type { Claim, Reservations } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import type { RedisLink } from './redis-link.ts';

/**
 * A claim is a hash: whose request (`hash`), which process took it (`by`), and what it stored on success (`accepted`).
 * Beside the claims stands a mark that goes where they go: whoever finds another one than before knows that claims were lost.
 */
const reserveScript = `
local mark = redis.call('GET', KEYS[2])
if not mark then
  mark = ARGV[4]
  redis.call('SET', KEYS[2], mark)
end
local doubt = redis.call('EXISTS', KEYS[3])
local held = redis.call('HMGET', KEYS[1], 'hash', 'accepted')
if held[1] then return {mark, doubt, held[1], held[2]} end
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'by', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return {mark, doubt}`;
const acceptScript = `
if redis.call('HGET', KEYS[1], 'by') ~= ARGV[1] or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'accepted', ARGV[2])
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
 * process alone; that, and every claim of the `ttlMs` after Redis was silent or emptied, is not sure.
 */
export const createRedisReservations = ({
  redis,
  ttlMs = 30_000,
  owner = randomUUID(),
}: {
  redis: RedisLink;
  /** Longer than an append can take until it is given up: who is not sure must have said so while its claim is kept. */
  ttlMs?: number;
  /** What no other process is called. */
  owner?: string;
}): Reservations => {
  const now = () => performance.now();
  const alone = createMemoryReservations({ now, ttlMs });
  let markBefore: string | undefined;
  let doubtUntil = Number.NEGATIVE_INFINITY;
  const claimKey = (key: string): string => `${redis.namespace}:claim:${key}`;
  const doubtKey = (key: string): string => `${redis.namespace}:doubt:${key}`;
  const run = (script: string, key: string, ...values: readonly (string | number)[]): Promise<unknown> =>
    redis.ask<unknown>((server) => server.eval(script, 2, claimKey(key), doubtKey(key), ...values), null);

  return {
    async reserve(key, hash) {
      const keys = [claimKey(key), `${redis.namespace}:claims`, doubtKey(key)];
      const answer = await redis.ask<unknown>(
        (server) => server.eval(reserveScript, keys.length, ...keys, hash, owner, ttlMs, randomUUID()),
        undefined,
      );
      if (!isAnswer(answer)) {
        doubtUntil = now() + ttlMs;
        return { ...(await alone.reserve(key, hash)), sure: false } satisfies Claim;
      }
      const [mark, doubt, holder, accepted] = answer;
      if (markBefore !== undefined && mark !== markBefore) doubtUntil = now() + ttlMs;
      markBefore = mark;
      const sure = now() >= doubtUntil && doubt === 0;
      if (holder === undefined) return { held: false, sure };
      // What was accepted has won, whatever was lost since.
      return { held: true, sure: sure || accepted !== null, by: { hash: holder, accepted: accepted ?? undefined } };
    },
    async accept(key, accepted) {
      return (await run(acceptScript, key, owner, accepted)) === 1;
    },
    async release(key) {
      await alone.release(key);
      await run(releaseScript, key, owner);
    },
    async doubt(key) {
      await alone.release(key);
      // Nobody else hears of it: at least this process is not sure of anything for as long.
      if ((await run(doubtScript, key, owner, ttlMs)) !== 1) doubtUntil = now() + ttlMs;
    },
  };
};

const isAnswer = (
  answer: unknown,
): answer is readonly [mark: string, doubt: number, holder?: string, accepted?: string | null] =>
  Array.isArray(answer) && typeof answer[0] === 'string';
