import { type EventLog, LogError, TOPICS, type Topic } from '@hindcast/domain';
import kafkajs, { type Admin } from 'kafkajs';
import { appendCopied, type CopiedBatch, newProducerId } from './copy-append.ts';
import { checkWishes, createTopic, describeTopics } from './ensure-topics.ts';
import { defaultKafkaLogBounds, type KafkaEventLogOptions } from './event-log-options.ts';
import { openKafkaLink } from './kafka-link.ts';
import { createLogReading } from './log-reading.ts';
import { checkTopicSettings, copySettings, timestampSetting, topicSettings } from './topic-settings.ts';

export type KafkaCopyOptions = Omit<
  KafkaEventLogOptions,
  'partitions' | 'compression' | 'onConsumerFailure' | 'now' | 'newId'
>;

/** A topic of the target as it is. */
export interface CopyTopic {
  /** Offset that the next record of each partition will get. */
  readonly ends: readonly number[];
  /** Whether records bring their own times. Only then can they be copied, and only a log where none do so will open. */
  readonly takesTimes: boolean;
}

/** Where a log is copied to, record by record. Nobody opens it as a log before it is sealed. */
export interface KafkaCopyTarget extends Pick<EventLog, 'read'> {
  /** The topics of a log that are there. Rejects with `misconfigured` where one could lose records. */
  topics(): Promise<ReadonlyMap<Topic, CopyTopic>>;
  /** Makes the topics that are missing, and has those that are empty take the times of their records. */
  prepare(partitions: ReadonlyMap<Topic, number>): Promise<void>;
  /** A writer, to be kept for all attempts at one copy. */
  newProducerId(): Promise<string>;
  append(batch: CopiedBatch): Promise<void>;
  /** From now on Kafka says when a record was stored: the log can be opened, and nothing can be copied any more. */
  seal(): Promise<void>;
  close(): Promise<void>;
}

const allTopics: readonly Topic[] = Object.values(TOPICS);

export const openKafkaCopyTarget = (options: KafkaCopyOptions): KafkaCopyTarget => {
  checkWishes(options);
  const bounds = { ...defaultKafkaLogBounds, ...options };
  const nameOf = (topic: Topic): string => `${options.topicPrefix ?? ''}${topic}`;
  const connect = (topics: readonly Topic[]) => {
    const link = openKafkaLink({ ...options, ...bounds, topics: topics.map(nameOf) });
    return { link, reading: createLogReading({ link, nameOf, bounds }) };
  };
  /** Only topics that are there can be asked for: it is made again when there are more. */
  let open = connect([]);
  const reconnect = async (topics: readonly Topic[]): Promise<void> => {
    await open.link.close();
    open = connect(topics);
  };
  const administer = async <T>(what: string, work: (admin: Admin) => Promise<T>): Promise<T> => {
    const admin = open.link.admin();
    try {
      return await open.reading.persist(what, () => admin.connect().then(() => work(admin)));
    } finally {
      await admin.disconnect();
    }
  };

  const describe = (admin: Admin) => describeTopics(admin, allTopics.map(nameOf), options);
  const topics = async (): Promise<ReadonlyMap<Topic, CopyTopic>> => {
    const found = await administer('show its topics', describe);
    const there = allTopics.flatMap((topic) => {
      const actual = found.find(({ name }) => name === nameOf(topic));
      return actual ? [{ topic, actual }] : [];
    });
    await reconnect(there.map(({ topic }) => topic));
    const known = new Map<Topic, CopyTopic>();
    for (const { topic, actual } of there) {
      const takesTimes = actual.settings[timestampSetting] === copySettings(options)[timestampSetting];
      const settings = { ...actual.settings, ...(takesTimes ? timesOf(topicSettings(options)) : {}) };
      checkTopicSettings({ ...actual, settings }, options);
      const ranges = await open.reading.offsets(topic, actual.replicas.length);
      if (ranges.some(({ start }) => start > 0)) {
        throw new LogError('foreign_log', `The topic ${nameOf(topic)} no longer has its beginning.`);
      }
      known.set(topic, { ends: ranges.map(({ end }) => end), takesTimes });
    }
    return known;
  };

  /** Whatever else was set for the topic stays. */
  const setTimes = async (admin: Admin, names: readonly string[], times: Readonly<Record<string, string>>) => {
    const type = kafkajs.ConfigResourceTypes.TOPIC;
    const { resources } = await admin.describeConfigs({
      includeSynonyms: false,
      resources: names.map((name) => ({ type, name })),
    });
    await admin.alterConfigs({
      validateOnly: false,
      resources: resources.map(({ resourceName, configEntries }) => {
        const own = configEntries.filter(({ configSource }) => configSource === kafkajs.ConfigSource.TOPIC_CONFIG);
        const kept = Object.fromEntries(own.map(({ configName, configValue }) => [configName, configValue]));
        const entries = Object.entries({ ...kept, ...times }).map(([name, value]) => ({ name, value }));
        return { type, name: resourceName, configEntries: entries };
      }),
    });
  };

  return {
    topics,
    prepare: async (partitions) => {
      const there = await topics();
      await administer('make the topics', async (admin) => {
        for (const [topic, count] of partitions) {
          const name = nameOf(topic);
          const known = there.get(topic);
          if (!known) await createTopic(admin, { name, partitions: count }, options, copySettings(options));
          else if (known.ends.every((end) => end === 0)) await setTimes(admin, [name], timesOf(copySettings(options)));
        }
      });
      await reconnect([...partitions.keys()]);
    },
    newProducerId: () =>
      open.reading.persist('name a writer', async () => {
        await open.link.prepare();
        return newProducerId(open.link, open.link.leaderOf(nameOf(TOPICS.predictions), 0));
      }),
    append: (batch) => appendCopied({ ...open, nameOf, requestTimeoutMs: bounds.requestTimeoutMs }, batch),
    read: ({ topic, partition, from, to = 0 }) => open.reading.pages(topic, partition, from, to),
    seal: () =>
      administer('change its topics', async (admin) => {
        const names = (await describe(admin)).map(({ name }) => name);
        await setTimes(admin, names, timesOf(topicSettings(options)));
      }),
    close: () => open.link.close(),
  };
};

const timesOf = (settings: Readonly<Record<string, string>>): Readonly<Record<string, string>> => ({
  [timestampSetting]: settings[timestampSetting] ?? '',
});
