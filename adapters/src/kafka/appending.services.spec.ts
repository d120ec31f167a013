import { partitionOf, TOPICS } from '@hindcast/domain';
import { contractPartitions } from '@hindcast/domain/contracts';
import { describe, expect, it, vi } from 'vitest';
import { brokers, newPrefix, newStranger, openKafkaLog } from '../testing/open-kafka-log.ts';

const topic = TOPICS.predictions;
const count = contractPartitions[topic];
const range = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);
const home = partitionOf('k', count);
const record = (value: string, key = 'k') => ({ key, value, headers: { type: 'Test' } });
const many = (howMany: number) => range(0, howMany).map((i) => record(String(i), `k${i}`));

describe.skipIf(brokers.length === 0)('appending to Kafka', () => {
  it('is refused beyond the queue, and goes on when the queue is written', async () => {
    const log = await openKafkaLog(newPrefix(), { queueRecordsMax: 100 });
    const calls = await Promise.all(range(0, 5).map(() => log.append(topic, many(40))));
    expect(calls.map((outcomes) => outcomes.every(({ ok }) => ok))).toEqual([true, true, false, false, false]);
    expect(calls[2]?.[0]).toMatchObject({ ok: false, error: { code: 'unavailable' } });
    expect((await log.append(topic, many(40))).every(({ ok }) => ok)).toBe(true);
    await log.stop();
  });

  it('is finished by stop, and refused after it', async () => {
    const log = await openKafkaLog(newPrefix());
    const before = log.append(topic, many(500));
    const stopping = log.stop();
    expect((await before).every(({ ok }) => ok)).toBe(true);
    await stopping;
    expect(await log.append(topic, [record('late')])).toMatchObject([{ ok: false, error: { code: 'stopped' } }]);
    await expect(log.consume({ topic, group: 'g' }, { onBatch: async () => {} })).rejects.toMatchObject({
      code: 'stopped',
    });
  });

  it('blames only the partition whose records Kafka refuses', async () => {
    const prefix = newPrefix();
    const name = `${prefix}${topic}`;
    const log = await openKafkaLog(prefix);
    const admin = newStranger().admin();
    await admin.alterConfigs({
      validateOnly: false,
      resources: [{ type: 2, name, configEntries: [{ name: 'max.message.bytes', value: '20000' }] }],
    });
    await admin.disconnect();
    const other = range(0, 100).find((i) => partitionOf(`k${i}`, count) !== home) ?? 0;
    const records = [record('x'.repeat(50_000)), record('small', `k${other}`)];
    // A changed setting takes effect a moment after it is acknowledged.
    await vi.waitFor(
      async () => {
        const outcomes = await log.append(topic, records);
        expect(outcomes).toMatchObject([{ ok: false, error: { code: 'unavailable' } }, { ok: true }]);
      },
      { timeout: 30_000 },
    );
    expect((await log.append(topic, [record('small again')]))[0]).toMatchObject({ ok: true });
    await log.stop();
  });
});
