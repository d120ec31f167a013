import { openKafkaEventLog } from '@hindcast/adapters/kafka';
import { nodeIdentity } from '@hindcast/adapters/node';
import { TOPICS } from '@hindcast/domain';
import { pino } from 'pino';
import { topicPrefixOf } from './cluster.ts';

const { predictions, models, jobs, audit, deadLetters } = TOPICS;

/** The log of a cluster, for whoever looks at it from outside. */
export const openClusterLog = (brokers: readonly string[], name: string, replicationFactor = 1) =>
  openKafkaEventLog({
    brokers,
    clientId: 'hindcast-auditor',
    topicPrefix: topicPrefixOf(name),
    partitions: { [predictions]: 12, [models]: 1, [jobs]: 12, [audit]: 1, [deadLetters]: 3 },
    replicationFactor,
    minInsyncReplicas: Math.max(1, replicationFactor - 1),
    now: nodeIdentity.now,
    newId: nodeIdentity.newId,
    logger: pino({ level: 'warn' }),
  });
