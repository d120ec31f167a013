import { Kafka, logLevel } from 'kafkajs';

/** As Hindcast uses it: not idempotent, one send in flight, every replica in sync acknowledges. */
const acksOfAll = -1;

export interface KafkaTexts {
  createTopic(topic: string, replicas: number, settings?: Readonly<Record<string, string>>): Promise<void>;
  /** Resolves when all are acknowledged. */
  append(topic: string, texts: readonly string[]): Promise<void>;
  /**
   * What the only partition of the topic holds from the start, when `count` different texts are there: a send that was
   * repeated while a leader changed may have left one twice.
   */
  read(topic: string, count: number): Promise<string[]>;
  setting(topic: string, name: string): Promise<string | undefined>;
  /** Brokers that hold all of the partition. */
  inSync(topic: string): Promise<number>;
}

/** A plain client, for the proof that a service does what Hindcast needs of it. */
export const kafkaTexts = (brokers: readonly string[]): KafkaTexts => {
  const client = new Kafka({
    clientId: 'hindcast-services-spec',
    brokers: [...brokers],
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 200, maxRetryTime: 2_000, retries: 30 },
  });

  const withAdmin = async <T>(use: (admin: ReturnType<Kafka['admin']>) => Promise<T>): Promise<T> => {
    const admin = client.admin();
    await admin.connect();
    try {
      return await use(admin);
    } finally {
      await admin.disconnect();
    }
  };

  return {
    async createTopic(topic, replicas, settings = {}) {
      const configEntries = Object.entries(settings).map(([name, value]) => ({ name, value }));
      const wanted = { topic, numPartitions: 1, replicationFactor: replicas, configEntries };
      await withAdmin((admin) => admin.createTopics({ topics: [wanted], waitForLeaders: true }));
    },

    async append(topic, texts) {
      const producer = client.producer({ idempotent: false, maxInFlightRequests: 1, allowAutoTopicCreation: false });
      await producer.connect();
      try {
        for (const value of texts) {
          await producer.send({ topic, acks: acksOfAll, messages: [{ key: 'one', value }] });
        }
      } finally {
        await producer.disconnect();
      }
    },

    async read(topic, count) {
      const consumer = client.consumer({ groupId: `read-${topic}-${count}`, maxWaitTimeInMs: 50 });
      const texts: string[] = [];
      await consumer.connect();
      try {
        await consumer.subscribe({ topic, fromBeginning: true });
        await new Promise<void>((resolve, reject) => {
          consumer.on('consumer.crash', ({ payload }) => reject(payload.error));
          const eachMessage = async ({ message }: { message: { value: Buffer | null } }) => {
            texts.push(String(message.value));
            if (new Set(texts).size >= count) resolve();
          };
          consumer.run({ eachMessage }).catch(reject);
        });
      } finally {
        await consumer.disconnect();
      }
      return texts;
    },

    setting: (topic, name) =>
      withAdmin(async (admin) => {
        const topicKind = 2;
        const { resources } = await admin.describeConfigs({
          includeSynonyms: false,
          resources: [{ type: topicKind, name: topic, configNames: [name] }],
        });
        return resources[0]?.configEntries[0]?.configValue;
      }),

    inSync: (topic) =>
      withAdmin(async (admin) => {
        const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
        return topics[0]?.partitions[0]?.isr.length ?? 0;
      }),
  };
};
