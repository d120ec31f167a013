import type { Topic } from '@hindcast/domain';
import type { Kafka } from 'kafkajs';
import { expect } from 'vitest';
import { topicSettings } from '../kafka/topic-settings.ts';

/** What somebody does to the topics of a log behind its back. */
export const topicsOf = (kafka: Kafka) => {
  const admin = kafka.admin();
  const deleteTopics = async (prefix: string, ...gone: readonly Topic[]): Promise<void> => {
    const names = gone.map((topic) => `${prefix}${topic}`);
    await admin.deleteTopics({ topics: names });
    await expect.poll(async () => (await admin.listTopics()).filter((name) => names.includes(name))).toEqual([]);
  };
  const ourSettings = topicSettings({ replicationFactor: 1, minInsyncReplicas: 1 });
  const makeTopic = (
    topic: string,
    numPartitions: number,
    settings: Readonly<Record<string, string>> = ourSettings,
  ) => {
    const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
    return admin.createTopics({ topics: [{ topic, numPartitions, configEntries }], waitForLeaders: true });
  };
  const endsOf = async (topic: string) => (await admin.fetchTopicOffsets(topic)).map(({ high }) => high);
  return { admin, deleteTopics, makeTopic, endsOf };
};
