import type { KafkaEventLogOptions } from '@hindcast/adapters/kafka';
import { nodeIdentity } from '@hindcast/adapters/node';
import { type Logger, TOPICS } from '@hindcast/domain';
import { readTextFile } from '../secret-files.ts';
import type { DistributedConfig } from '../settings.ts';
import { kafkaSecurity } from './kafka-security.ts';

/** How a process opens the log that the settings name. */
export const kafkaLogOptions = (config: DistributedConfig, logger: Logger) =>
  ({
    brokers: config.kafkaBrokers.split(','),
    clientId: 'hindcast',
    ...kafkaSecurity(config, readTextFile).options,
    topicPrefix: config.topicPrefix,
    partitions: {
      [TOPICS.predictions]: config.partitions,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: config.partitions,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 3,
    },
    replicationFactor: config.replicationFactor,
    minInsyncReplicas: config.minInsyncReplicas,
    compression: config.compression,
    sessionTimeoutMs: config.sessionTimeoutMs,
    now: nodeIdentity.now,
    newId: nodeIdentity.newId,
    logger,
  }) satisfies KafkaEventLogOptions;
