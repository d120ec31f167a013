import { LogError } from '@hindcast/domain';
import kafkajs, { type Admin } from 'kafkajs';
import { failureOf } from './kafka-failure.ts';
import { findLostTopics, topicsLost } from './lost-topics.ts';
import {
  type ActualTopic,
  checkTopicSettings,
  type TopicWishes,
  topicSettings,
  type WantedTopic,
} from './topic-settings.ts';

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
    `Nothing could be acknowledged by ${minInsyncReplicas} replicas in sync where there are only ${replicationFactor}: set HINDCAST_MIN_INSYNC_REPLICAS to no more than HINDCAST_REPLICATION_FACTOR says.`,
  );
};

export interface TopicsFound {
  /** Partitions of those that are there, by name. */
  readonly counts: ReadonlyMap<string, number>;
  readonly missing: readonly WantedTopic[];
}

const countsOf = async (admin: Admin, names: readonly string[], wishes: TopicWishes): Promise<Map<string, number>> => {
  const topics = await describeTopics(admin, names, wishes);
  for (const topic of topics) checkTopicSettings(topic, wishes);
  return new Map(topics.map(({ name, replicas }) => [name, replicas.length]));
};

/**
 * Changes nothing. Rejects with `misconfigured` where a topic that is there could lose records, with `foreign_log` where the missing
 * ones are not those of a log that has yet to begin.
 */
export const findTopics = async (
  admin: Admin,
  wanted: readonly WantedTopic[],
  wishes: TopicWishes,
): Promise<TopicsFound> => {
  checkWishes(wishes);
  const names = wanted.map(({ name }) => name);
  const counts = await countsOf(admin, names, wishes);
  const lost = counts.size < wanted.length ? await findLostTopics(admin, names) : [];
  if (lost.length > 0) throw topicsLost(wanted, counts, lost, wishes);
  return { counts, missing: wanted.filter(({ name }) => !counts.has(name)) };
};

/**
 * Processes that do so at the same time end up with the same topics: Kafka creates each of them once.
 * @returns how many partitions each topic has, by name
 */
export const makeTopics = async (
  admin: Admin,
  { counts, missing }: TopicsFound,
  wishes: TopicWishes,
): Promise<ReadonlyMap<string, number>> => {
  for (const topic of missing) await createTopic(admin, topic, wishes);
  const names = missing.map(({ name }) => name);
  return new Map([...counts, ...(await countsOf(admin, names, wishes))]);
};
