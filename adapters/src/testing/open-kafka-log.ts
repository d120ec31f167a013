import { randomUUID } from 'node:crypto';
import { contractPartitions } from '@hindcast/domain/contracts';
import { Kafka, logLevel } from 'kafkajs';
import { inject } from 'vitest';
import { type KafkaEventLog, openKafkaEventLog } from '../kafka/event-log.ts';
import type { KafkaEventLogOptions } from '../kafka/event-log-options.ts';

/** Of this run; none where Kafka is not to be had. */
export const brokers: readonly string[] = inject('services').kafka ?? [];
export const quiet = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** Each log of the tests is alone under its prefix. */
export const newPrefix = (): string => `${randomUUID()}.`;

export const openKafkaLog = (
  topicPrefix: string,
  options: Partial<KafkaEventLogOptions> = {},
): Promise<KafkaEventLog> =>
  openKafkaEventLog({
    brokers,
    clientId: 'hindcast-spec',
    topicPrefix,
    partitions: contractPartitions,
    replicationFactor: 1,
    minInsyncReplicas: 1,
    now: Date.now,
    newId: randomUUID,
    logger: quiet,
    ...options,
  });

/** Somebody else's client of the same Kafka. */
export const newStranger = (): Kafka =>
  new Kafka({ clientId: 'stranger', brokers: [...brokers], logLevel: logLevel.NOTHING });
