import { randomUUID } from 'node:crypto';
import { Kafka, logLevel } from 'kafkajs';
import { describe, expect, inject, it } from 'vitest';
import {
  ascending,
  expectAllThere,
  firstsOf,
  keys,
  openLog,
  readAll,
  settleMs,
  startAppending,
  through,
  topic,
} from './kafka-log-under-test.ts';
import { type Loss, startLossyProxy } from './lossy-proxy.ts';
import { waitUntil } from './wait-until.ts';

const { kafka: shared } = inject('services');

describe.skipIf(!shared)('a lost answer to a produce request', () => {
  const broker = shared?.[0] ?? '';

  it.each<Loss>(['cut', 'torn', 'silence'])('(%s) costs no record and no order', async (how) => {
    const proxy = await startLossyProxy(broker);
    const log = await openLog([broker], { dial: through(proxy.port), requestTimeoutMs: 1_000 });
    const appending = startAppending(log);
    for (const _ of [1, 2, 3]) {
      await proxy.lose('produce', how);
      const before = appending.acknowledged();
      await waitUntil('appends go on', settleMs, () => appending.acknowledged() > before + 200);
    }
    await appending.stop();
    const stored = await readAll(log);
    await log.stop();
    await proxy.stop();
    expect(appending.refused()).toBe(0);
    expectAllThere(stored, appending.appended);
    for (const key of keys) expect(firstsOf(stored, key)).toEqual(ascending(firstsOf(stored, key)));
    const written = stored.flat().filter(({ headers }) => headers['type'] === 'Test').length;
    expect(written, 'a lost answer makes repeats').toBeGreaterThan(appending.appended.length);
  });

  it("makes kafkajs's idempotent producer acknowledge a record that it never wrote", async () => {
    const proxy = await startLossyProxy(broker);
    const name = randomUUID();
    const kafka = new Kafka({
      brokers: [broker],
      clientId: 'idempotent',
      logLevel: logLevel.NOTHING,
      socketFactory: through(proxy.port),
    });
    const admin = kafka.admin();
    await admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }], waitForLeaders: true });
    const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
    await producer.connect();
    const send = (value: string) => producer.send({ topic: name, acks: -1, messages: [{ key: 'k', value }] });
    await send('first');
    const lost = proxy.lose('produce', 'cut');
    const values = ['one', 'two', 'three'];
    await Promise.all(values.map(send));
    await lost;
    await producer.disconnect();

    const consumer = kafka.consumer({ groupId: name, maxWaitTimeInMs: 50 });
    await consumer.connect();
    await consumer.subscribe({ topic: name, fromBeginning: true });
    const [bounds] = await admin.fetchTopicOffsets(name);
    const stored = new Set<string>();
    await new Promise<void>((resolve) => {
      const eachMessage = async ({ message }: { message: { offset: string; value: Buffer | null } }) => {
        stored.add(String(message.value));
        if (Number(message.offset) === Number(bounds?.high) - 1) resolve();
      };
      void consumer.run({ eachMessage });
    });
    await consumer.disconnect();
    await admin.disconnect();
    await proxy.stop();
    expect(values.filter((value) => !stored.has(value))).toHaveLength(1);
  });
});

describe.skipIf(!shared)('a lost answer to a fetch', () => {
  const broker = shared?.[0] ?? '';

  it.each<Loss>(['cut', 'torn', 'silence'])('(%s) costs readers and consumers nothing', async (how) => {
    const proxy = await startLossyProxy(broker);
    const options = { dial: through(proxy.port), requestTimeoutMs: 1_000, topicPrefix: `${randomUUID()}.` };
    const log = await openLog([broker], options);
    const value = 'x'.repeat(1_000);
    const records = Array.from({ length: 2_000 }, (_, i) => ({ key: `k${i}`, value, headers: {} }));
    for (const outcome of await log.append(topic, records)) expect(outcome.ok).toBe(true);
    const ends = (await log.bounds(topic)).map(({ end }) => end);

    const lostByReader = proxy.lose('fetch', how);
    expect((await readAll(log)).map(({ length }) => length)).toEqual(ends);
    await lostByReader;

    const lostByConsumer = proxy.lose('fetch', how);
    const seen = ends.map((): number[] => []);
    const consumer = await log.consume(
      { topic, group: 'g' },
      {
        onBatch: async (batch) => {
          seen[batch.partition]?.push(...batch.records.map(({ offset }) => offset));
        },
      },
    );
    await waitUntil('all is consumed', settleMs, () => seen.every(({ length }, i) => length >= (ends[i] ?? 0)));
    await lostByConsumer;
    await consumer.stop();
    for (const [partition, offsets] of seen.entries()) expect(offsets).toEqual([...Array(ends[partition]).keys()]);
    await log.stop();
    await proxy.stop();
  });
});
