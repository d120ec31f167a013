import { describeBrokers, openKafkaEventLog } from '@hindcast/adapters/kafka';
import { createMongoClient, type LogName, refuseOtherOwner } from '@hindcast/adapters/mongodb';
import { openRedis } from '@hindcast/adapters/redis';
import { LogError, type Logger, TOPICS } from '@hindcast/domain';
import { readTextFile } from '../secret-files.ts';
import { serviceFailure, whoSaysMore } from '../service-failure.ts';
import type { DistributedConfig } from '../settings.ts';
import { withoutSecrets } from '../without-secrets.ts';
import { kafkaLogOptions } from './kafka-log-options.ts';
import { redisSecurity } from './redis-security.ts';

export interface ServiceAnswer {
  readonly ok: boolean;
  readonly said: string;
  /** What to do about it. */
  readonly fix?: string;
}

const redisWaitMs = 3_000;
const lookMs = 50;
const nothing = () => undefined;
const silent: Logger = { debug: nothing, info: nothing, warn: nothing, error: nothing };

const describe = (config: DistributedConfig) => describeBrokers(kafkaLogOptions(config, silent));

const checkKafka = async (config: DistributedConfig): Promise<ServiceAnswer> => {
  const { brokers, topics } = await describe(config);
  const said = `${brokers} ${brokers === 1 ? 'broker answers' : 'brokers answer'}, ${topics === 0 ? 'and there are no topics of Hindcast yet' : `with ${topics} topics of Hindcast`}`;
  if (topics > 0 || brokers >= config.replicationFactor) return { ok: true, said };
  const few = `${said}; a topic has ${config.replicationFactor} copies`;
  const fix = `Start ${config.replicationFactor} brokers, or set HINDCAST_REPLICATION_FACTOR to what there is.`;
  return { ok: false, said: few, fix };
};

const checkMongo = async ({ mongodbUri, database }: DistributedConfig): Promise<ServiceAnswer> => {
  const client = createMongoClient(mongodbUri);
  try {
    const hello = await client.db(database).command({ hello: 1 });
    await client.db(database).collection('view_generations').findOne();
    const said = `answers, and the database ${database} can be read`;
    if (hello['setName'] !== undefined || hello['msg'] === 'isdbgrid') return { ok: true, said };
    return { ok: false, said, fix: 'It is no replica set: start it as one, of one member at least.' };
  } finally {
    await client.close();
  }
};

const notYet = new LogError('stopped', 'the first process makes it');

/** Whether a process would take the log and the database for its own. Where there is none yet, the first process makes it. */
export const checkLog = async (config: DistributedConfig): Promise<ServiceAnswer> => {
  const found = await describe(config).catch(() => undefined);
  if (!found) return { ok: true, said: 'Kafka does not tell' };
  const beforeMade = async (log: LogName | undefined) => {
    await ownDatabase(config, log);
    throw notYet;
  };
  try {
    const log = await openKafkaEventLog({ ...kafkaLogOptions(config, silent), beforeMade });
    try {
      const [{ logId, epoch } = { logId: '', epoch: 0 }, ...more] = await log.bounds(TOPICS.predictions);
      await ownDatabase(config, { logId, epoch });
      const partitions = 1 + more.length;
      const other = partitions === config.partitions ? '' : ', whatever HINDCAST_PARTITIONS says for a new one';
      return { ok: true, said: `${logId} epoch ${epoch}, with ${partitions} partitions${other}` };
    } finally {
      await log.stop();
    }
  } catch (error) {
    if (error === notYet) return { ok: true, said: notYet.message };
    // Each of them says what to do.
    if (error instanceof LogError) return { ok: false, said: withoutSecrets(error.message) };
    throw error;
  }
};

/** A MongoDB that does not answer is told of beside this. */
const ownDatabase = async ({ mongodbUri, database }: DistributedConfig, name: LogName | undefined): Promise<void> => {
  const client = createMongoClient(mongodbUri);
  try {
    await refuseOtherOwner(client.db(database), name).catch((error: unknown) => {
      if (error instanceof LogError) throw error;
    });
  } finally {
    await client.close();
  }
};

const checkRedis = async (config: DistributedConfig): Promise<ServiceAnswer> => {
  let refusal: Error | undefined;
  const logger: Logger = {
    ...silent,
    warn: (fields) => {
      const { err } = fields as { err?: unknown };
      if (err instanceof Error) refusal ??= err;
    },
  };
  const options = { ...redisSecurity(config, readTextFile).options, namespace: 'hindcast:doctor', logger };
  const redis = openRedis({ url: config.redisUrl, ...options });
  try {
    const end = performance.now() + redisWaitMs;
    while (!redis.answers() && performance.now() < end) await new Promise((resolve) => setTimeout(resolve, lookMs));
    if (redis.answers()) return { ok: true, said: 'answers' };
    throw refusal ?? new Error(`It does not answer within ${redisWaitMs} ms.`);
  } finally {
    await redis.stop();
  }
};

const checks = { kafka: checkKafka, mongodb: checkMongo, redis: checkRedis } as const;
const advice = {
  kafka: 'Check KAFKA_BROKERS, and what `npx hindcast config` shows under KAFKA_.',
  mongodb: 'Check MONGODB_URI.',
  redis: 'Check REDIS_URL. Hindcast works without Redis, more slowly.',
} as const;
export const SERVICES = Object.keys(checks) as readonly (keyof typeof checks)[];

/** Asks a service whether it is what a process needs. Changes nothing in it, and shows no secret. */
export const checkService = async (service: keyof typeof checks, config: DistributedConfig): Promise<ServiceAnswer> => {
  try {
    return await checks[service](config);
  } catch (error) {
    const told =
      error instanceof Error
        ? (serviceFailure({ ...config, kafka: undefined }, error) ?? error.message)
        : String(error);
    const said = told.replace(` ${whoSaysMore}`, '');
    return { ok: false, said: withoutSecrets(said), fix: advice[service] };
  }
};
