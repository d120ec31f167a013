import type { Logger } from '@hindcast/domain';
import { defaultKafkaLogBounds, type KafkaAddress } from './event-log-options.ts';
import { openKafkaLink } from './kafka-link.ts';

/** How many brokers there are, and how many topics of ours. Changes nothing. Rejects where none answers in time. */
export const describeBrokers = async (
  address: KafkaAddress & { readonly topicPrefix: string; readonly logger: Logger },
): Promise<{ readonly brokers: number; readonly topics: number }> => {
  const { requestTimeoutMs, connectTimeoutMs } = defaultKafkaLogBounds;
  const link = openKafkaLink({ ...address, requestTimeoutMs, connectTimeoutMs, topics: [] });
  const admin = link.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const names = await admin.listTopics();
    const ours = names.filter((name) => name.startsWith(`${address.topicPrefix}hindcast.`));
    return { brokers: brokers.length, topics: ours.length };
  } finally {
    await admin.disconnect();
    await link.close();
  }
};
