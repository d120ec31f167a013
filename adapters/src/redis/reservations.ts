import { type Claim, claimKeptMs, claimMs, type Reservations } from '@hindcast/domain';
import { createMemoryReservations } from '@hindcast/domain/in-memory';
import type { RedisLink } from './redis-link.ts';

/**
 * A claim is a hash: whose request (`hash`), which claim it is (`by`), until when nobody else can have it (`until`),
 * what its holder stored on success (`accepted`), and whether it was taken over (`over`). Beside the claims stands a mark that goes where
 * they go: since when, and in which run of the server, they are whole. A server that was started again may have old ones.
 */
const reserveScript = `
local time = redis.call('TIME')
local nowMs = time[1] * 1000 + math.floor(time[2] / 1000)
local mark = redis.call('HMGET', KEYS[2], 'since', 'run')
if mark[2] ~= ARGV[5] then
  mark[1] = string.format('%.0f', nowMs)
  redis.call('HSET', KEYS[2], 'since', mark[1], 'run', ARGV[5])
end
local age = string.format('%.0f', nowMs - mark[1])
local unsure = redis.call('EXISTS', KEYS[3])
local held = redis.call('HMGET', KEYS[1], 'hash', 'accepted', 'until', 'over', 'by')
if held[4] == '1' then unsure = 1 end
local untilMs = string.format('%.0f', nowMs + ARGV[3])
if held[5] == ARGV[2] and not held[2] then
  redis.call('HSET', KEYS[1], 'until', untilMs)
  return {age, unsure}
end
if held[1] and (held[2] or nowMs < (tonumber(held[3]) or 0)) then return {age, unsure, held[1], held[2]} end
local over = '0'
if held[1] then over = '1'; unsure = 1 end
redis.call('HSET', KEYS[1], 'hash', ARGV[1], 'by', ARGV[2], 'until', untilMs, 'over', over)
redis.call('PEXPIRE', KEYS[1], ARGV[4])
return {age, unsure}`;
const acceptScript = `
local mine = redis.call('HMGET', KEYS[1], 'by', 'over')
if mine[1] ~= ARGV[1] or mine[2] == '1' or redis.call('EXISTS', KEYS[2]) == 1 then return 0 end
redis.call('HSET', KEYS[1], 'accepted', ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])
return 1`;
const releaseScript = `
local mine = redis.call('HMGET', KEYS[1], 'by', 'over')
if mine[1] ~= ARGV[1] then return false end
if mine[2] == '1' then redis.call('SET', KEYS[2], '', 'PX', ARGV[2]) end
redis.call('DEL', KEYS[1])
return false`;
const doubtScript = `
if redis.call('HGET', KEYS[1], 'by') == ARGV[1] then redis.call('DEL', KEYS[1]) end
redis.call('SET', KEYS[2], '', 'PX', ARGV[2])
return 1`;

/**
 * Claims that several processes share. Only who took a claim can accept or release it: one that comes back after its claim
 * has ended does not touch that of another, of whatever process. While Redis does not answer a key is claimed within this
 * process alone.
 */
export const createRedisReservations = ({
  redis,
  ttlMs = claimMs,
  keptMs = claimKeptMs,
}: {
  redis: RedisLink;
  ttlMs?: number;
  keptMs?: number;
}): Reservations => {
  const now = () => performance.now();
  const alone = createMemoryReservations({ now, ttlMs, keptMs });
  let silentAt = Number.NEGATIVE_INFINITY;
  let connection = 0;
  let serverRun: string | undefined;
  redis.whenReady(() => {
    connection += 1;
    serverRun = undefined;
  });
  const claimKey = (key: string): string => `${redis.namespace}:claim:${key}`;
  const doubtKey = (key: string): string => `${redis.namespace}:doubt:${key}`;
  const run = (script: string, key: string, ...values: readonly (string | number)[]): Promise<unknown> =>
    redis.ask<unknown>((server) => server.eval(script, 2, claimKey(key), doubtKey(key), ...values), null);

  const lookUpRun = async (): Promise<string | undefined> => {
    const asked = connection;
    const info = await redis.ask((server) => server.info('server'), undefined);
    if (info === undefined) return undefined;
    // One that does not name its runs is taken for the same after a restart.
    if (asked === connection) serverRun = /^run_id:(\S+)/m.exec(info)?.[1] ?? '';
    return serverRun;
  };
  const ask = async (key: string, token: string, hash: string): Promise<unknown> => {
    const server = serverRun ?? (await lookUpRun());
    if (server === undefined) return undefined;
    const keys = [claimKey(key), `${redis.namespace}:claims-whole`, doubtKey(key)];
    return redis.ask<unknown>(
      (to) => to.eval(reserveScript, keys.length, ...keys, hash, token, ttlMs, keptMs, server),
      undefined,
    );
  };

  return {
    async reserve(key, token, hash) {
      const answer = await ask(key, token, hash);
      if (!isAnswer(answer)) {
        silentAt = now();
        return { ...(await alone.reserve(key, token, hash)), sure: false, alone: true } satisfies Claim;
      }
      const [age, unsure, holder, accepted] = answer;
      const wholeSince = Math.max(silentAt, now() - Number(age));
      if (holder === undefined) return { held: false, sure: unsure === 0, wholeSince };
      return { held: true, sure: unsure === 0, wholeSince, by: { hash: holder, accepted: accepted ?? undefined } };
    },
    async accept(key, token, accepted) {
      return (await run(acceptScript, key, token, accepted, keptMs)) === 1;
    },
    async release(key, token) {
      await alone.release(key, token);
      await run(releaseScript, key, token, keptMs);
    },
    async doubt(key, token) {
      await alone.release(key, token);
      // Nobody else hears of it: at least this process is not sure of anything for a while.
      if ((await run(doubtScript, key, token, keptMs)) !== 1) silentAt = now();
    },
  };
};

const isAnswer = (
  answer: unknown,
): answer is readonly [age: string, unsure: number, holder?: string, accepted?: string | null] =>
  Array.isArray(answer) && typeof answer[0] === 'string';
