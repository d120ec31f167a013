import { type Logger, TOPICS } from '@hindcast/domain';
import { defaultKafkaLogBounds, type KafkaAddress } from './event-log-options.ts';
import { openKafkaLink } from './kafka-link.ts';

/** What a log finds on the brokers before it is opened. */
export interface BrokersFound {
  readonly brokers: number;
  /** Of this log. */
  readonly topics: number;
  /** All topics are there, and none of their partitions is empty: opening the log changes nothing. */
  readonly isOpened: boolean;
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
    const wanted = Object.values(TOPICS).map((topic) => `${address.topicPrefix}${topic}`);
    const topics = wanted.filter((name) => names.has(name));
    const isEmpty = async (topic: string) =>
      (await admin.fetchTopicOffsets(topic)).some(({ high, low }) => Number(high) === Number(low));
    const isOpened = topics.length === wanted.length && !(await Promise.all(topics.map(isEmpty))).includes(true);
    return { brokers: brokers.length, topics: topics.length, isOpened };
  } finally {
    await admin.disconnect();
    await link.close();
  }
};
