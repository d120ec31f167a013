import { type LogConsumer, partitionOf, type RecordBatch, type RecordedRecord, TOPICS } from '@hindcast/domain';
import { contractPartitions } from '@hindcast/domain/contracts';
import type { ConsumerFailure } from '@hindcast/domain/in-memory';
import { CompressionTypes, type Kafka, type Message } from 'kafkajs';
import { describe, expect, it, vi } from 'vitest';
import { brokers, newPrefix, newStranger, openKafkaLog, quiet } from '../testing/open-kafka-log.ts';
import { defaultKafkaLogBounds, type KafkaEventLogOptions } from './event-log-options.ts';
import type { GroupBroker } from './group-protocol.ts';
import { openKafkaLink } from './kafka-link.ts';

const topic = TOPICS.predictions;
const count = contractPartitions[topic];
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const until = (condition: () => void) => vi.waitFor(condition, { timeout: 30_000, interval: 10 });
/** The partition that the tests write to by its number. */
const home = partitionOf('k', count);

const openLog = async (options: Partial<KafkaEventLogOptions> = {}) => {
  const prefix = newPrefix();
  const failures: ConsumerFailure[] = [];
  const log = await openKafkaLog(prefix, { onConsumerFailure: (failure) => failures.push(failure), ...options });
  return { log, failures, client: newStranger(), name: `${prefix}${topic}` };
};

const record = (value: string, key = 'k') => ({ key, value, headers: { type: 'Test' } });
const many = (howMany: number) => range(0, howMany).map((i) => record(String(i), `k${i}`));

const collect = () => {
  const seen: RecordedRecord[] = [];
  const of = (partition: number) => seen.filter((one) => one.partition === partition);
  return {
    seen,
    onBatch: async (batch: RecordBatch): Promise<void> => {
      seen.push(...batch.records);
    },
    offsets: (partition: number) => of(partition).map(({ offset }) => offset),
    values: (partition: number) => of(partition).map(({ value }) => value),
  };
};

describe.skipIf(brokers.length === 0)('what others write to a topic', () => {
  const send = async (client: Kafka, name: string, messages: Message[], compression = CompressionTypes.None) => {
    const producer = client.producer();
    await producer.connect();
    await producer.send({ topic: name, messages: messages.map((one) => ({ ...one, partition: home })), compression });
    await producer.disconnect();
  };

  it('is handed out as far as it is text, and stops nothing', async () => {
    const { log, failures, client, name } = await openLog();
    await send(client, name, [
      { key: null, value: null },
      { key: Buffer.from([0xff, 0xfe]), value: Buffer.from([0x61, 0xff, 0x62]) },
      { key: 'k', value: 'v', headers: { type: ['first', 'second'], raw: Buffer.from([0xc3]) } },
    ]);
    await send(client, name, [{ key: 'k', value: 'zipped' }], CompressionTypes.GZIP);
    await log.append(topic, [record('ours')]);
    const reader = collect();
    const consumer = await log.consume({ topic, group: 'g' }, reader);
    await until(() => expect(reader.values(home).slice(1)).toEqual(['', 'a\uFFFDb', 'v', 'zipped', 'ours']));
    expect(reader.seen.find(({ value }) => value === 'v')?.headers).toEqual({ type: 'first', raw: '\uFFFD' });
    expect(failures).toEqual([]);
    await consumer.stop();
    await log.stop();
  });

  const transact = async (client: Kafka, name: string): Promise<void> => {
    const producer = client.producer({ transactionalId: name, idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const transaction = await producer.transaction();
    await transaction.send({ topic: name, messages: [{ key: 'k', value: 'within', partition: home }] });
    await transaction.commit();
    await producer.disconnect();
  };
  const compressDifferently = async (client: Kafka, name: string): Promise<void> => {
    const admin = client.admin();
    const configEntries = [{ name: 'compression.type', value: 'snappy' }];
    await admin.alterConfigs({ validateOnly: false, resources: [{ type: 2, name, configEntries }] });
    await admin.disconnect();
  };

  it.each([
    ['in a form that kafkajs cannot read', 'not implemented', compressDifferently],
    ['with the marks of transactions', 'the mark of a transaction', transact],
  ])('%s holds up that partition, and no other', async (_, message, disturb) => {
    const { log, failures, client, name } = await openLog();
    await log.append(topic, [record('before'), ...many(100)]);
    const bounds = await log.bounds(topic);
    await disturb(client, name);
    const reader = collect();
    const consumer = await log.consume({ topic, group: 'g' }, reader);
    // A changed setting takes effect a moment after it is acknowledged.
    await vi.waitFor(
      async () => {
        await log.append(topic, [record('behind')]);
        expect(failures.length).toBeGreaterThan(1);
      },
      { timeout: 30_000 },
    );
    await until(() => {
      for (const { partition, end } of bounds) {
        if (partition !== home) expect(reader.offsets(partition)).toEqual(range(0, end));
      }
    });
    for (const { error, partition } of failures) {
      expect(partition).toBe(home);
      expect(String(error)).toContain(message);
    }
    const handled = reader.offsets(home);
    expect(handled).toEqual(range(0, failures[0]?.offset ?? -1));
    expect(handled.length).toBeLessThan((await log.bounds(topic))[home]?.end ?? 0);
    await consumer.stop();
    await log.stop();
  });
});

describe.skipIf(brokers.length === 0)('a consumer on Kafka', () => {
  it('reports a start behind the end of the log, and goes on elsewhere', async () => {
    const { log, failures } = await openLog();
    await log.append(topic, many(100));
    const reader = collect();
    const onAssigned = async (partition: number) => (partition === home ? 1_000_000 : undefined);
    const consumer = await log.consume({ topic, group: 'g' }, { ...reader, onAssigned });
    const bounds = await log.bounds(topic);
    await until(() => {
      for (const { partition, end } of bounds) {
        expect(reader.offsets(partition)).toEqual(partition === home ? [] : range(0, end));
      }
      expect(failures[0]).toMatchObject({ partition: home, offset: 1_000_000, error: { type: 'OFFSET_OUT_OF_RANGE' } });
    });
    await consumer.stop();
    await log.stop();
  });

  it('that is put out of its group gives everything back, and joins again where it committed', async () => {
    const { log, name } = await openLog();
    await log.append(topic, many(100));
    const bounds = await log.bounds(topic);
    const reader = collect();
    const revoked: number[] = [];
    const assigned: (number | undefined)[] = [];
    const consumer: LogConsumer = await log.consume(
      { topic, group: 'g' },
      {
        onAssigned: async (_, committed) => {
          assigned.push(committed);
          return undefined;
        },
        onBatch: async (batch) => {
          await reader.onBatch(batch);
          consumer.commit(batch.partition, (batch.records.at(-1)?.offset ?? 0) + 1);
        },
        onRevoked: (partition) => revoked.push(partition),
      },
    );
    await until(() => expect(reader.seen).toHaveLength(100 + count));

    const link = openKafkaLink({
      ...defaultKafkaLogBounds,
      brokers,
      clientId: 'stranger',
      topics: [name],
      logger: quiet,
    });
    await link.prepare();
    const groupId = `${name.slice(0, -topic.length)}g.${topic}`;
    const coordinator = (await link.cluster.findGroupCoordinator({ groupId })) as GroupBroker;
    const committed = async () => {
      const partitions = range(0, count).map((partition) => ({ partition, offset: '-1' }));
      const { responses } = await coordinator.offsetFetch({ groupId, topics: [{ topic: name, partitions }] });
      return responses.flatMap((one) => one.partitions).map(({ offset }) => Number(offset));
    };
    await vi.waitFor(async () => expect((await committed()).sort()).toEqual(bounds.map(({ end }) => end).sort()), {
      timeout: 30_000,
    });
    const { groups } = await coordinator.describeGroups({ groupIds: [groupId] });
    await coordinator.leaveGroup({ groupId, memberId: groups[0].members[0].memberId });

    await until(() => expect(assigned).toHaveLength(2 * count));
    expect(revoked.sort()).toEqual(range(0, count));
    expect(assigned.slice(count).sort()).toEqual(bounds.map(({ end }) => end).sort());
    await log.append(topic, many(10));
    await until(() => expect(reader.seen).toHaveLength(110 + count));
    await consumer.stop();
    await link.close();
    await log.stop();
  });

  it('keeps a partition that is to move until its handler is done, however many have joined', async () => {
    const { log, client, name } = await openLog();
    const story: string[] = [];
    let open = (): void => undefined;
    const gate = new Promise<void>((resolve) => {
      open = resolve;
    });
    const first = await log.consume(
      { topic, group: 'g' },
      {
        onBatch: async ({ partition }) => {
          story.push(`first has ${partition}`);
          await gate;
          story.push(`first is done with ${partition}`);
        },
        onRevoked: (partition) => story.push(`first lost ${partition}`),
      },
    );
    await until(() => expect(story).toHaveLength(count));
    const second = await log.consume(
      { topic, group: 'g' },
      {
        onAssigned: async (partition) => {
          story.push(`second got ${partition}`);
          return undefined;
        },
        onBatch: async () => {},
      },
    );
    const admin = client.admin();
    await vi.waitFor(
      async () => {
        const { groups } = await admin.describeGroups([`${name.slice(0, -topic.length)}g.${topic}`]);
        expect(groups[0]).toMatchObject({ state: 'Stable', members: [{}, {}] });
      },
      { timeout: 30_000, interval: 100 },
    );
    await admin.disconnect();
    expect(story).toHaveLength(count);
    open();
    await until(() => expect(story.filter((line) => line.startsWith('second'))).toHaveLength(count / 2));
    for (const line of story.filter((one) => one.startsWith('second got'))) {
      const partition = line.slice('second got '.length);
      expect(story.indexOf(`first lost ${partition}`)).toBeGreaterThan(
        story.indexOf(`first is done with ${partition}`),
      );
      expect(story.indexOf(line)).toBeGreaterThan(story.indexOf(`first lost ${partition}`));
    }
    await Promise.all([first.stop(), second.stop()]);
    await log.stop();
  });

  it('sees what was compressed', async () => {
    const { log } = await openLog({ compression: 'gzip' });
    const value = 'again and again '.repeat(1_000);
    const outcomes = await log.append(
      topic,
      range(0, 50).map((i) => record(value, `k${i}`)),
    );
    expect(outcomes.every(({ ok }) => ok)).toBe(true);
    const reader = collect();
    const consumer = await log.consume({ topic, group: null }, reader);
    await until(() => expect(reader.seen.filter((one) => one.value === value)).toHaveLength(50));
    await consumer.stop();
    await log.stop();
  });
});
