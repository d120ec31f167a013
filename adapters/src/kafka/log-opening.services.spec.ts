import { LogError, TOPICS } from '@hindcast/domain';
import { contractPartitions } from '@hindcast/domain/contracts';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { brokers, newPrefix, newStranger, openKafkaLog as openLog } from '../testing/open-kafka-log.ts';
import { topicsOf } from '../testing/topics-of.ts';

const topics = Object.values(TOPICS);

describe.skipIf(brokers.length === 0)('opening a log on Kafka', () => {
  const kafka = newStranger();
  const { admin, deleteTopics, makeTopic, endsOf } = topicsOf(kafka);
  beforeAll(() => admin.connect());
  afterAll(() => admin.disconnect());

  /** A log that was opened and closed. */
  const closedLog = async (): Promise<string> => {
    const prefix = newPrefix();
    await (await openLog(prefix)).stop();
    return prefix;
  };

  const usedLog = async (): Promise<string> => {
    const prefix = newPrefix();
    const log = await openLog(prefix);
    await log.append(TOPICS.predictions, [{ key: 'k', value: '{}', headers: {} }]);
    await log.stop();
    return prefix;
  };

  it('makes one log where several processes open it at once', async () => {
    const prefix = newPrefix();
    const logs = await Promise.all([1, 2, 3, 4].map(() => openLog(prefix)));
    const bounds = await Promise.all(logs.map((log) => Promise.all(topics.map((topic) => log.bounds(topic)))));
    const ids = new Set(bounds.flat(2).map(({ logId }) => logId));
    expect(ids.size).toBe(1);
    for (const [i, log] of logs.entries()) {
      const [outcome] = await log.append(TOPICS.models, [{ key: 'k', value: String(i), headers: {} }]);
      expect(outcome?.ok && outcome.position.offset).toBeGreaterThan(0);
    }
    await Promise.all(logs.map((log) => log.stop()));
  });

  it('keeps identity and partition counts, whatever count it is opened with', async () => {
    const prefix = newPrefix();
    const first = await openLog(prefix);
    const before = await first.bounds(TOPICS.predictions);
    await first.stop();
    const second = await openLog(prefix, { partitions: { ...contractPartitions, [TOPICS.predictions]: 9 } });
    expect(await second.bounds(TOPICS.predictions)).toEqual(before);
    await second.stop();
  });

  it('goes on with a first start that was broken off', async () => {
    const prefix = newPrefix();
    await makeTopic(`${prefix}${TOPICS.predictions}`, 4);
    await makeTopic(`${prefix}${TOPICS.jobs}`, 1);
    await (await openLog(prefix)).stop();
  });

  it.each(topics)(
    'makes nothing in the place of %s where it was deleted, not even before anything was asked',
    async (gone) => {
      const prefix = await closedLog();
      await deleteTopics(prefix, gone);
      for (let attempt = 0; attempt < 2; attempt++)
        await expect(openLog(prefix)).rejects.toMatchObject(
          refusal(`the topic is missing, and others of it have records: ${prefix}${gone}`),
        );
      expect(await admin.listTopics()).not.toContain(`${prefix}${gone}`);
    },
  );

  it('takes openings of several processes for no predictions', async () => {
    const prefix = newPrefix();
    const log = await openLog(prefix);
    const opening = log.read({ topic: TOPICS.predictions, partition: 0, from: 0 });
    for await (const [first] of opening)
      if (first) await log.append(TOPICS.predictions, [{ key: first.key, value: first.value, headers: first.headers }]);
    await log.stop();
    await deleteTopics(prefix, TOPICS.models);
    await makeTopic(`${prefix}${TOPICS.models}`, 1);
    await (await openLog(prefix)).stop();
  });

  it('opens no empty topic of models where predictions were accepted', async () => {
    const prefix = newPrefix();
    const log = await openLog(prefix);
    await log.append(TOPICS.predictions, [{ key: 'k', value: '{}', headers: {} }]);
    await log.stop();
    const topic = `${prefix}${TOPICS.models}`;
    await deleteTopics(prefix, TOPICS.models);
    await makeTopic(topic, 1);
    for (let attempt = 0; attempt < 2; attempt++)
      await expect(openLog(prefix)).rejects.toMatchObject(refusal('is empty'));
    expect(await endsOf(topic)).toEqual(['0']);
  });

  it('opens no empty topic of predictions beside others of an older log', async () => {
    const prefix = await closedLog();
    const topic = `${prefix}${TOPICS.predictions}`;
    await deleteTopics(prefix, TOPICS.predictions);
    await makeTopic(topic, 4);
    await expect(openLog(prefix)).rejects.toMatchObject(refusal('is empty'));
    expect(await endsOf(topic)).toEqual(['0', '0', '0', '0']);
  });

  it('makes nothing where it may not', async () => {
    const prefix = newPrefix();
    const beforeMade = (log: unknown) => Promise.reject(new LogError('foreign_log', `not ${String(log)}`));
    await expect(openLog(prefix, { beforeMade })).rejects.toMatchObject(refusal('not undefined'));
    expect((await admin.listTopics()).filter((name) => name.startsWith(prefix))).toEqual([]);
    await (await openLog(prefix)).stop();
    await (await openLog(prefix, { beforeMade })).stop();
    for (const topic of topics) {
      await deleteTopics(prefix, topic);
      await makeTopic(`${prefix}${topic}`, 1);
    }
    await expect(openLog(prefix, { beforeMade })).rejects.toMatchObject(refusal('not undefined'));
    expect(await endsOf(`${prefix}${TOPICS.predictions}`)).toEqual(['0']);
  });

  it('refuses a topic that forgets, and says how to change that', async () => {
    const prefix = newPrefix();
    const topic = `${prefix}${TOPICS.predictions}`;
    await admin.createTopics({ topics: [{ topic, numPartitions: 4 }], waitForLeaders: true });
    const refused = openLog(prefix);
    await expect(refused).rejects.toMatchObject({ code: 'misconfigured' });
    await expect(refused).rejects.toThrow(/retention\.ms is 604800000 .*--topic .* --add-config .*retention\.ms=-1/);
  });

  it('refuses more replicas than there are brokers', async () => {
    await expect(openLog(newPrefix(), { replicationFactor: 99 })).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringContaining('fewer brokers than the 99 replicas'),
    });
    await expect(openLog(newPrefix(), { minInsyncReplicas: 2 })).rejects.toMatchObject({
      code: 'misconfigured',
      message: expect.stringMatching(/HINDCAST_MIN_INSYNC_REPLICAS .* HINDCAST_REPLICATION_FACTOR/),
    });
  });

  const refusal = (message: string) => ({ code: 'foreign_log', message: expect.stringContaining(message) });

  it('refuses a topic of somebody else', async () => {
    const prefix = newPrefix();
    const topic = `${prefix}${TOPICS.predictions}`;
    await Promise.all(topics.map((one) => makeTopic(`${prefix}${one}`, 4)));
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({ topic, messages: [{ partition: 0, key: 'k', value: 'hello' }] });
    await producer.disconnect();
    await expect(openLog(prefix)).rejects.toMatchObject(refusal('not made by Hindcast'));
  });

  it('refuses topics of two logs', async () => {
    const [prefix, other] = [await closedLog(), await closedLog()];
    const log = await openLog(other);
    const topic = `${prefix}${TOPICS.deadLetters}`;
    await deleteTopics(prefix, TOPICS.deadLetters);
    await makeTopic(topic, 1);
    const producer = kafka.producer();
    await producer.connect();
    for await (const [first] of log.read({ topic: TOPICS.deadLetters, partition: 0, from: 0 }))
      if (first)
        await producer.send({
          topic,
          messages: [{ partition: 0, key: first.key, value: first.value, headers: { ...first.headers } }],
        });
    await producer.disconnect();
    await log.stop();
    await expect(openLog(prefix)).rejects.toMatchObject(refusal('one of the topics was made anew'));
  });

  it.each([
    ['that holds nothing', closedLog],
    ['that holds predictions', usedLog],
  ])('refuses a topic %s and was given more partitions', async (_, made) => {
    const prefix = await made();
    const topic = `${prefix}${TOPICS.predictions}`;
    await admin.createPartitions({ topicPartitions: [{ topic, count: 6 }] });
    await expect(openLog(prefix)).rejects.toMatchObject(refusal('was made with 4 partitions and has 6'));
  });

  it('refuses a topic without its beginning', async () => {
    const prefix = await closedLog();
    const topic = `${prefix}${TOPICS.predictions}`;
    await admin.fetchTopicOffsets(topic);
    await admin.deleteTopicRecords({ topic, partitions: [{ partition: 0, offset: '1' }] });
    await expect(openLog(prefix)).rejects.toMatchObject(refusal('begins at offset 1'));
  });

  it.each([
    ['KAFKA_SSL', { ssl: true }],
    ['KAFKA_SASL_MECHANISM', { sasl: { mechanism: 'plain' as const, username: 'u', password: 'p' } }],
  ])('names %s where the broker knows nothing of it', async (setting, own) => {
    await expect(openLog(newPrefix(), { ...own, callTimeoutMs: 500 })).rejects.toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining(`leave ${setting}`),
    });
  });

  it('tells that Kafka is away, and which address was tried', async () => {
    const away = openLog(newPrefix(), { brokers: ['127.0.0.1:1'], callTimeoutMs: 500, connectTimeoutMs: 200 });
    await expect(away).rejects.toMatchObject({ code: 'unavailable', message: expect.stringContaining('127.0.0.1:1') });
  });
});
