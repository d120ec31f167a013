import { randomUUID } from 'node:crypto';
import type { EventLog } from '@hindcast/domain';
import { describe, expect, inject, it } from 'vitest';
import { startKafka } from './kafka.ts';
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
import { startLossyProxy } from './lossy-proxy.ts';
import { waitUntil } from './wait-until.ts';

const { kafka: shared } = inject('services');

describe.skipIf(!shared)('kill -9 and restart of Kafka', () => {
  it('loses nothing that was acknowledged, and consumers go on without a gap', async () => {
    const kafka = await startKafka({ killable: true });
    const log = await openLog(kafka.brokers, { appendTimeoutMs: 2_000, requestTimeoutMs: 2_000 });
    const seen = new Map<number, number[]>();
    const consumer = await log.consume(
      { topic, group: 'g' },
      {
        onBatch: async ({ partition, records }) => {
          const offsets = seen.get(partition) ?? [];
          seen.set(partition, offsets);
          for (const { offset } of records) offsets.push(offset);
          consumer.commit(partition, (records.at(-1)?.offset ?? 0) + 1);
        },
      },
    );
    const appending = startAppending(log);
    for (const round of [1, 2]) {
      const before = appending.acknowledged();
      await waitUntil(`appends go on, round ${round}`, settleMs, () => appending.acknowledged() > before + 500);
      await kafka.kill(0);
      const refusedBefore = appending.refused();
      await waitUntil('appends are refused', settleMs, () => appending.refused() > refusedBefore);
      await kafka.restart(0);
    }
    const before = appending.acknowledged();
    await waitUntil('appends go on at last', settleMs, () => appending.acknowledged() > before + 500);
    await appending.stop();
    for (const { outcome } of appending.appended) if (!outcome.ok) expect(outcome.error.code).toBe('unavailable');
    const stored = await readAll(log);
    expectAllThere(stored, appending.appended);
    await waitUntil('consumers have seen everything', settleMs, () =>
      stored.every((records, partition) => new Set(seen.get(partition)).size === records.length),
    );
    for (const [partition, offsets] of seen) {
      expect([...new Set(offsets)], `partition ${partition}`).toEqual(stored[partition]?.map(({ offset }) => offset));
    }
    await log.stop();
    await kafka.stop();
  });

  it('goes on without one of three brokers, and refuses nothing', async () => {
    const kafka = await startKafka({ brokers: 3, killable: true });
    const log = await openLog(kafka.brokers, {
      replicationFactor: 3,
      minInsyncReplicas: 2,
      appendTimeoutMs: 30_000,
      requestTimeoutMs: 2_000,
    });
    const seen = new Map<number, Set<number>>();
    const consumer = await log.consume(
      { topic, group: 'g' },
      {
        onBatch: async ({ partition, records }) => {
          const offsets = seen.get(partition) ?? new Set();
          seen.set(partition, offsets);
          for (const { offset } of records) {
            expect(offset).toBeLessThanOrEqual(offsets.size);
            offsets.add(offset);
          }
          consumer.commit(partition, (records.at(-1)?.offset ?? 0) + 1);
        },
      },
    );
    const appending = startAppending(log);
    const goOn = async () => {
      const before = appending.acknowledged();
      await waitUntil('appends go on', settleMs, () => appending.acknowledged() > before + 500);
    };
    await goOn();
    await kafka.kill(0);
    await goOn();
    await kafka.restart(0);
    await goOn();
    await appending.stop();
    const stored = await readAll(log);
    await waitUntil('consumers have seen everything', settleMs, () =>
      stored.every((records, partition) => seen.get(partition)?.size === records.length),
    );
    await consumer.stop();
    await log.stop();
    await kafka.stop();
    expect(appending.refused()).toBe(0);
    expectAllThere(stored, appending.appended);
    for (const key of keys) expect(firstsOf(stored, key)).toEqual(ascending(firstsOf(stored, key)));
  });
});

describe.skipIf(!shared)('a member of a group that hangs longer than its session', () => {
  const broker = shared?.[0] ?? '';

  it('loses its partitions to the others, notices it, and shares again', async () => {
    const proxy = await startLossyProxy(broker);
    const options = { topicPrefix: `${randomUUID()}.`, sessionTimeoutMs: 6_000, requestTimeoutMs: 2_000 };
    const other = await openLog([broker], options);
    const frozen = await openLog([broker], { ...options, dial: through(proxy.port) });
    const join = async (log: EventLog) => {
      const held = new Set<number>();
      const keysSeen = new Set<string>();
      const consumer = await log.consume(
        { topic, group: 'g' },
        {
          onAssigned: async (partition) => {
            held.add(partition);
            return undefined;
          },
          onBatch: async ({ partition, records }) => {
            expect(held.has(partition)).toBe(true);
            for (const { key } of records) keysSeen.add(key);
          },
          onRevoked: (partition) => {
            held.delete(partition);
          },
        },
      );
      return { held, keysSeen, consumer };
    };
    const first = await join(frozen);
    await waitUntil('the first member has all', settleMs, () => first.held.size === 4);
    const second = await join(other);
    await waitUntil('they share', settleMs, () => first.held.size === 2 && second.held.size === 2);

    proxy.freeze();
    await waitUntil('the second has all', settleMs, () => second.held.size === 4);
    const records = Array.from({ length: 50 }, (_, i) => ({ key: `k${i}`, value: '', headers: { type: 'Test' } }));
    for (const outcome of await other.append(topic, records)) expect(outcome.ok).toBe(true);
    await waitUntil('the second sees everything', settleMs, () => records.every(({ key }) => second.keysSeen.has(key)));
    await waitUntil('the first gives up by itself', settleMs, () => first.held.size === 0);

    proxy.thaw();
    await waitUntil('they share again', settleMs, () => first.held.size === 2 && second.held.size === 2);
    await Promise.all([frozen.stop(), other.stop()]);
    await proxy.stop();
  });
});
