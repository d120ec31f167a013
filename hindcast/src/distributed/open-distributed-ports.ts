import { join, resolve } from 'node:path';
import { openKafkaEventLog } from '@hindcast/adapters/kafka';
import {
  createMongoClient,
  type Db,
  holdDatabase,
  type LogName,
  type MongoClient,
  majority,
  openGridFsArtifactStore,
  openMongoBacklogBoard,
  openMongoViews,
  refuseOtherOwner,
} from '@hindcast/adapters/mongodb';
import { nodeIdentity } from '@hindcast/adapters/node';
import {
  createRedisCompletionBus,
  createRedisRateLimits,
  createRedisReservations,
  createRedisResultCache,
  openRedis,
} from '@hindcast/adapters/redis';
import { type Logger, TOPICS } from '@hindcast/domain';
import { createMemoryRateLimits } from '@hindcast/domain/in-memory';
import { makeDataFolder } from '../embedded/data-folder.ts';
import { datasetExtractorIn, workFolder } from '../parts/dataset-extractor.ts';
import type { Ports } from '../parts/ports.ts';
import { createUndoStack, type UndoStack } from '../parts/undo-stack.ts';
import { readTextFile } from '../secret-files.ts';
import { type DistributedConfig, SETTINGS } from '../settings.ts';
import { whileWaiting } from '../while-waiting.ts';
import { kafkaLogOptions } from './kafka-log-options.ts';
import { redisSecurity } from './redis-security.ts';

/** The ports of a process among others: the log on Kafka, views and artifacts in MongoDB, what may be lost in Redis. */
export const openDistributedPorts = async (config: DistributedConfig, logger: Logger): Promise<Ports> => {
  const { now } = nodeIdentity;
  // Apart from the files of an embedded run, which would be taken for copies and make room for newer ones.
  const cacheFolder = join(resolve(config.data), 'artifact-copies');
  await makeDataFolder(resolve(config.data));
  const opened = createUndoStack();
  try {
    const client = createMongoClient(config.mongodbUri);
    opened.push(() => client.close());
    const database = client.db(config.database, majority);
    const beforeMade = (log: LogName | undefined) => refuseOtherOwner(database, log);
    const told = <T>(opening: Promise<T>, what: string): Promise<T> =>
      whileWaiting(opening, () => logger.warn({}, `Still opening ${what}. \`npx hindcast doctor\` says more.`));
    const log = opened.keep(
      await told(
        openKafkaEventLog({ ...kafkaLogOptions(config, logger), beforeMade }),
        `the log in Kafka (${SETTINGS.kafkaBrokers.env})`,
      ),
    );
    const [{ logId, epoch } = { logId: '', epoch: 0 }, ...others] = await log.bounds(TOPICS.predictions);
    const partitions = 1 + others.length;
    if (partitions !== config.partitions)
      logger.info(
        { asked: config.partitions, partitions },
        'The log has another number of partitions than HINDCAST_PARTITIONS says, which counts only when topics are created.',
      );
    const { owned, views, artifacts, board } = await told(
      openDatabase({ client, database, log: { logId, epoch }, cacheFolder, logger, opened }),
      `the database ${config.database} in MongoDB (${SETTINGS.mongodbUri.env})`,
    );
    const redis = opened.keep(
      openRedis({
        url: config.redisUrl,
        ...redisSecurity(config, readTextFile).options,
        namespace: `hindcast:${logId}:${epoch}`,
        logger,
      }),
    );
    const redisAnswers = async () => {
      if (!redis.answers()) throw new Error('Redis does not answer.');
    };
    const cache = createRedisResultCache({ redis });
    // Processes of another log may share the folder.
    const workPlace = join(resolve(config.data), `${logId}-${epoch}`);
    return {
      identity: nodeIdentity,
      log,
      requestReads: log.requestReads,
      views,
      artifacts,
      extractor: datasetExtractorIn(workPlace, config),
      datasetWork: workFolder(workPlace),
      bus: createRedisCompletionBus({
        redis,
        read: async (key) => (await cache.get(key)) ?? views.reader.prediction(key),
      }),
      cache,
      reservations: createRedisReservations({ redis }),
      rateLimits: createRedisRateLimits({ redis, alone: createMemoryRateLimits({ now }) }),
      shared: true,
      board,
      checks: { cache: { required: false, check: redisAnswers } },
      lost: Promise.race([log.lost, owned.lost]),
      hurry: log.hurry,
      close: opened.undo,
    };
  } catch (error) {
    await opened.undo().catch((err: unknown) => logger.warn({ err }, 'What was opened could not be closed.'));
    throw error;
  }
};

interface DatabaseToOpen {
  readonly client: MongoClient;
  readonly database: Db;
  readonly log: LogName;
  readonly cacheFolder: string;
  readonly logger: Logger;
  readonly opened: UndoStack;
}

const openDatabase = async ({ client, database, log, cacheFolder, logger, opened }: DatabaseToOpen) => ({
  owned: opened.keep(await holdDatabase(database, log)),
  views: opened.keep(
    await openMongoViews({ server: { client }, database: database.databaseName, now: nodeIdentity.now, logger }),
  ),
  artifacts: await openGridFsArtifactStore({ db: client.db(database.databaseName), cacheFolder }),
  board: await openMongoBacklogBoard({ db: database }),
});
