import type { ConnectionOptions } from 'node:tls';
import type { Logger } from '@hindcast/domain';
import { type ChainableCommander, Redis } from 'ioredis';
import { tlsTroubleOf } from '../node/index.ts';

const connectTimeoutMs = 2_000;
/** A connection on which a command got no answer for so long is given up, and another one is made. */
const silenceMsMax = 5_000;
const keepAliveMs = 10_000;
/** After a failure nobody waits for Redis for so long. */
const pauseMs = 500;
const reconnectDelayMsMax = 2_000;
/** Questions under way. A Redis with more to do is treated as one that is down. */
const underWayMax = 10_000;

/** Questions whose answer was made up, by why. */
export interface RedisCounts {
  /** Refused, cut off or too late; also attempts to connect. */
  readonly failed: number;
  /** Not asked, since there is no connection, or Redis had failed a moment before or has too much to do. */
  readonly skipped: number;
}

/**
 * A connection to a server that holds nothing that may not be lost. No call waits longer than a command may take, and
 * none throws: where Redis does not answer, the answer is the one of an empty Redis.
 */
export interface RedisLink {
  /** Starts every key and channel: the log that the entries belong to, so that another log finds nothing. */
  readonly namespace: string;
  ask<Answer>(command: (redis: Redis) => Promise<Answer>, whenLost: Answer): Promise<Answer>;
  /** As `ask`, for many commands in one go; a refused one counts as no answer. */
  tell(commands: (pipeline: ChainableCommander) => void): Promise<void>;
  /** Calls back for each new connection, before the first question is asked on it. */
  whenReady(listener: () => void): void;
  /** A connection of its own, for subscriptions. It comes back by itself, with none of them, and is closed with the link. */
  second(): Redis;
  readonly logger: Logger | undefined;
  readonly answers: () => boolean;
  /** How many of its connections are open, whether or not Redis answers. */
  readonly connections: () => number;
  readonly counts: () => RedisCounts;
  stop(): Promise<void>;
}

export interface RedisOptions {
  /** `redis://`, or `rediss://` for TLS, with credentials. */
  readonly url: string;
  /** What TLS needs besides: an authority of one's own, a client certificate. */
  readonly tls?: Pick<ConnectionOptions, 'ca' | 'cert' | 'key'>;
  readonly namespace: string;
  readonly logger?: Logger;
  readonly commandTimeoutMs?: number;
}

/** Does not wait for the connection: a process starts without Redis, and finds it when it comes. */
export const openRedis = ({ url, tls, namespace, logger, commandTimeoutMs = 250 }: RedisOptions): RedisLink => {
  let failed = 0;
  let skipped = 0;
  let underWay = 0;
  let down = false;
  /** What was said of Redis since it last answered: each thing is said once. */
  const said = new Set<string>();
  let stopped = false;
  let pausedUntil = Number.NEGATIVE_INFINITY;

  const fail = (error: unknown): void => {
    failed += 1;
    pausedUntil = performance.now() + pauseMs;
    const words = wordsOf(error);
    if (down && (words === silence || said.has(words))) return;
    down = true;
    said.add(words);
    logger?.warn({ err: withoutCommand(error) }, `${words} Everything goes on without it.`);
  };
  const recover = (): void => {
    if (!down) return;
    down = false;
    said.clear();
    logger?.info({ failed, skipped }, 'Redis answers again.');
  };

  const options = {
    ...(tls && { tls }),
    connectTimeout: connectTimeoutMs,
    // Only frees what it keeps of the command: whether an answer is late is said by `inTime`.
    commandTimeout: 2 * commandTimeoutMs,
    enableAutoPipelining: true,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    autoResubscribe: false,
    socketTimeout: silenceMsMax,
    keepAlive: keepAliveMs,
    maxRetriesPerRequest: 0,
    retryStrategy: (tries: number) => Math.min(50 * tries, reconnectDelayMsMax),
  };
  const redis = new Redis(url, options);
  const connections = [redis];
  redis.on('error', fail);
  redis.on('close', () => {
    if (!stopped) fail(new Error('The connection to Redis was closed.'));
  });
  redis.on('ready', () => {
    pausedUntil = Number.NEGATIVE_INFINITY;
    recover();
  });

  const ask = async <Answer>(command: (redis: Redis) => Promise<Answer>, whenLost: Answer): Promise<Answer> => {
    if (redis.status !== 'ready' || performance.now() < pausedUntil || underWay >= underWayMax) {
      skipped += 1;
      return whenLost;
    }
    underWay += 1;
    try {
      const answer = await inTime(command(redis), commandTimeoutMs);
      recover();
      return answer;
    } catch (error) {
      fail(error);
      return whenLost;
    } finally {
      underWay -= 1;
    }
  };

  return {
    namespace,
    logger,
    answers: () => !down && redis.status === 'ready',
    connections: () => connections.filter(({ status }) => status === 'ready').length,
    counts: () => ({ failed, skipped }),
    ask,
    tell: (commands) =>
      ask(async (server) => {
        const pipeline = server.pipeline();
        commands(pipeline);
        for (const [error] of (await pipeline.exec()) ?? []) if (error) throw error;
      }, undefined),
    whenReady: (listener) => void redis.on('ready', listener),
    second() {
      const connection = new Redis(url, { ...options, enableAutoPipelining: false });
      // The link says it already; without a listener the client would write it to the console.
      connection.on('error', () => undefined);
      connections.push(connection);
      return connection;
    },
    async stop() {
      stopped = true;
      for (const connection of connections) connection.disconnect();
    },
  };
};

const silence = 'Redis does not answer.';

/** A refusal does not pass by itself: it is told also where Redis was away before. */
const wordsOf = (error: unknown): string => {
  const trust = tlsTroubleOf(error);
  if (trust !== undefined) return `There is no trust between this process and Redis: ${trust}.`;
  const { message } = error as { message?: unknown };
  const [code] = String(message).split(' ', 1);
  if (code === 'WRONGPASS' || code === 'NOAUTH') return `Redis does not know this user by this password (${code}).`;
  if (code === 'NOPERM') return `Redis does not allow this user what is needed here (${String(message)}).`;
  return silence;
};

/** The client hangs the command that was refused on the error, password and all. */
const withoutCommand = (error: unknown): unknown => {
  if (error instanceof Error && 'command' in error) Reflect.deleteProperty(error, 'command');
  return error;
};

/**
 * The client starts its own clock only when a command is sent, and a pipeline waits for the one before it. Where this
 * process was held up itself the answer may lie in the socket already, which is read before what is immediate.
 */
const inTime = <T>(asking: Promise<T>, timeoutMs: number): Promise<T> =>
  new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(`No answer within ${timeoutMs} ms.`));
    const timer = setTimeout(() => setImmediate(giveUp), timeoutMs);
    asking.then(resolve, reject).finally(() => clearTimeout(timer));
  });
