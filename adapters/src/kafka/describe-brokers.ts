import { LogError, type Logger, TOPICS } from '@hindcast/domain';
import { defaultKafkaLogBounds, type KafkaAddress } from './event-log-options.ts';
import { explained, refusedAccess } from './kafka-failure.ts';
import { openKafkaLink } from './kafka-link.ts';

/** What a log finds on the brokers before it is opened. */
export interface BrokersFound {
  readonly brokers: number;
  /** Of this log. */
  readonly topics: number;
}

/** Changes nothing. Rejects where no broker answers in time. */
export const describeBrokers = async (
  address: KafkaAddress & { readonly topicPrefix: string; readonly logger: Logger },
): Promise<BrokersFound> => {
  const { requestTimeoutMs, connectTimeoutMs } = defaultKafkaLogBounds;
  const link = openKafkaLink({ ...address, requestTimeoutMs, connectTimeoutMs, topics: [] });
  const admin = link.admin();
  try {
    await admin.connect();
    const { brokers } = await admin.describeCluster();
    const names = new Set(await admin.listTopics());
    const topics = Object.values(TOPICS).filter((topic) => names.has(`${address.topicPrefix}${topic}`));
    return { brokers: brokers.length, topics: topics.length };
  } catch (error) {
    const refused = refusedAccess(error);
    throw new LogError(refused === undefined ? 'unavailable' : 'misconfigured', refused ?? explained(error), {
      cause: error,
    });
  } finally {
    await admin.disconnect();
    await link.close();
  }
};
