import { LogError } from '@hindcast/domain';
import kafkajs, { type Admin } from 'kafkajs';
import { failureOf } from './kafka-failure.ts';
import { checkTopicSettings, type TopicWishes, topicSettings } from './topic-settings.ts';

export interface WantedTopic {
  readonly name: string;
  /** Of a topic that is not there yet. */
  readonly partitions: number;
}

const creationRefused = (name: string, wishes: TopicWishes, error: unknown): unknown => {
  const { type } = failureOf(error);
  if (type === 'INVALID_REPLICATION_FACTOR') {
    return new LogError(
      'misconfigured',
      `Kafka has fewer brokers than the ${wishes.replicationFactor} replicas that topic ${name} asks for. Start more brokers, or ask for fewer replicas: with one, an acknowledged prediction is lost with its disk.`,
      { cause: error },
    );
  }
  if (type?.endsWith('AUTHORIZATION_FAILED')) {
    return new LogError(
      'misconfigured',
      `Kafka does not allow this user to create the topic ${name}. Allow CREATE, or create it with these settings: ${JSON.stringify(topicSettings(wishes))}`,
      { cause: error },
    );
  }
  return error;
};

/** One by one: kafkajs tells of topics that exist already only where all of them do. */
const createMissing = async (admin: Admin, { name, partitions }: WantedTopic, wishes: TopicWishes): Promise<void> => {
  const configEntries = Object.entries(topicSettings(wishes)).map(([setting, value]) => ({ name: setting, value }));
  const topic = { topic: name, numPartitions: partitions, replicationFactor: wishes.replicationFactor, configEntries };
  try {
    await admin.createTopics({ topics: [topic], waitForLeaders: true });
  } catch (error) {
    throw creationRefused(name, wishes, error);
  }
};

/**
 * Creates the topics that are missing and checks all of them. Processes that do so at the same time end up with the same
 * topics: Kafka creates each of them once.
 * @returns how many partitions each topic has, by name
 */
export const ensureTopics = async (
  admin: Admin,
  wanted: readonly WantedTopic[],
  wishes: TopicWishes,
): Promise<ReadonlyMap<string, number>> => {
  if (wishes.minInsyncReplicas > wishes.replicationFactor) {
    throw new LogError(
      'misconfigured',
      `Nothing could be acknowledged by ${wishes.minInsyncReplicas} replicas in sync where there are only ${wishes.replicationFactor}.`,
    );
  }
  await admin.connect();
  const there = new Set(await admin.listTopics());
  for (const topic of wanted) if (!there.has(topic.name)) await createMissing(admin, topic, wishes);

  const names = wanted.map(({ name }) => name);
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(topicSettings(wishes)),
    })),
  });
  return new Map(
    topics.map(({ name, partitions }) => {
      const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
      const settings = Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
      checkTopicSettings({ name, settings, replicas: partitions.map(({ replicas }) => replicas.length) }, wishes);
      return [name, partitions.length];
    }),
  );
};
