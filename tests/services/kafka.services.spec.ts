import { describe, expect, inject, it } from 'vitest';
import { startKafka } from './kafka.ts';
import { kafkaTexts } from './kafka-texts.ts';
import { waitUntil } from './wait-until.ts';

const { kafka: shared } = inject('services');
const texts = (from: number, count: number) => Array.from({ length: count }, (_, index) => `record ${from + index}`);
const settleMs = 60_000;

describe.skipIf(!shared)('Kafka', () => {
  it('gives back what was acknowledged, in order', async () => {
    const client = kafkaTexts(shared ?? []);
    const topic = `texts-${process.pid}`;
    await client.createTopic(topic, 1);
    await client.append(topic, texts(0, 20));
    expect(await client.read(topic, 20)).toEqual(texts(0, 20));
  });

  it('says how long it keeps a topic', async () => {
    const client = kafkaTexts(shared ?? []);
    const topic = `for-ever-${process.pid}`;
    await client.createTopic(topic, 1, { 'retention.ms': '-1', 'message.timestamp.type': 'LogAppendTime' });
    expect(await client.setting(topic, 'retention.ms')).toBe('-1');
    expect(await client.setting(topic, 'message.timestamp.type')).toBe('LogAppendTime');
  });

  it('makes no topic that nobody created', async () => {
    await expect(kafkaTexts(shared ?? []).setting(`never-created-${process.pid}`, 'retention.ms')).rejects.toThrow();
  });

  it('has every acknowledged record after kill -9 and a restart', async () => {
    const kafka = await startKafka({ killable: true });
    try {
      const client = kafkaTexts(kafka.brokers);
      await client.createTopic('kept', 1);
      await client.append('kept', texts(0, 50));
      await kafka.kill(0);
      expect(kafka.pid(0)).toBeUndefined();
      await kafka.restart(0);
      await client.append('kept', texts(50, 1));
      expect(await client.read('kept', 51)).toEqual(texts(0, 51));
    } finally {
      await kafka.stop();
    }
  });

  it('goes on with two of three brokers, and takes the third back', async () => {
    const kafka = await startKafka({ brokers: 3, killable: true });
    try {
      const client = kafkaTexts(kafka.brokers);
      await client.createTopic('thrice', 3);
      expect(await client.setting('thrice', 'min.insync.replicas')).toBe('2');
      await client.append('thrice', texts(0, 20));
      await kafka.kill(0);
      await client.append('thrice', texts(20, 20));
      await kafka.restart(0);
      await waitUntil('all three hold everything', settleMs, async () => (await client.inSync('thrice')) === 3);
      await client.append('thrice', texts(40, 1));
      expect([...new Set(await client.read('thrice', 41))]).toEqual(texts(0, 41));
    } finally {
      await kafka.stop();
    }
  });
});
