import { LogError } from '@hindcast/domain';
import kafkajs, { type Admin } from 'kafkajs';
import { failureOf } from './kafka-failure.ts';
import { type ActualTopic, checkTopicSettings, type TopicWishes, topicSettings } from './topic-settings.ts';

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
      `Kafka has fewer brokers than the ${wishes.replicationFactor} replicas that topic ${name} asks for. Start more brokers, or ask for fewer replicas with HINDCAST_REPLICATION_FACTOR: with 1, an acknowledged prediction is lost with its disk.`,
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
export const createTopic = async (
  admin: Admin,
  { name, partitions }: WantedTopic,
  wishes: TopicWishes,
  settings = topicSettings(wishes),
): Promise<void> => {
  const configEntries = Object.entries(settings).map(([setting, value]) => ({ name: setting, value }));
  const topic = { topic: name, numPartitions: partitions, replicationFactor: wishes.replicationFactor, configEntries };
  try {
    await admin.createTopics({ topics: [topic], waitForLeaders: true });
  } catch (error) {
    throw creationRefused(name, wishes, error);
  }
};

/** Those of the topics that are there, as they are. */
export const describeTopics = async (
  admin: Admin,
  wanted: readonly string[],
  wishes: TopicWishes,
): Promise<readonly ActualTopic[]> => {
  const there = new Set(await admin.listTopics());
  const names = wanted.filter((name) => there.has(name));
  if (names.length === 0) return [];
  const { topics } = await admin.fetchTopicMetadata({ topics: names });
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: names.map((name) => ({
      type: kafkajs.ConfigResourceTypes.TOPIC,
      name,
      configNames: Object.keys(topicSettings(wishes)),
    })),
  });
  return topics.map(({ name, partitions }) => {
    const entries = resources.find(({ resourceName }) => resourceName === name)?.configEntries ?? [];
    const settings = Object.fromEntries(entries.map(({ configName, configValue }) => [configName, configValue]));
    return { name, settings, replicas: partitions.map(({ replicas }) => replicas.length) };
  });
};

export const checkWishes = ({ replicationFactor, minInsyncReplicas }: TopicWishes): void => {
  if (minInsyncReplicas <= replicationFactor) return;
  throw new LogError(
    'misconfigured',
    `Nothing could be acknowledged by ${minInsyncReplicas} replicas in sync where there are only ${replicationFactor}.`,
  );
};

/**
 * Checks the settings of the topics that are there, and then creates those that are missing: beside a topic that is refused nothing is
 * made. Processes that do so at the same time end up with the same topics: Kafka creates each of them once.
 * @returns how many partitions each topic has, by name
 */
export const ensureTopics = async (
  admin: Admin,
  wanted: readonly WantedTopic[],
  wishes: TopicWishes,
): Promise<ReadonlyMap<string, number>> => {
  checkWishes(wishes);
  await admin.connect();
  const counts = new Map<string, number>();
  const check = async (names: readonly string[]): Promise<void> => {
    for (const topic of await describeTopics(admin, names, wishes)) {
      checkTopicSettings(topic, wishes);
      counts.set(topic.name, topic.replicas.length);
    }
  };
  await check(wanted.map(({ name }) => name));
  const missing = wanted.filter(({ name }) => !counts.has(name));
  for (const topic of missing) await createTopic(admin, topic, wishes);
  await check(missing.map(({ name }) => name));
  return counts;
};
