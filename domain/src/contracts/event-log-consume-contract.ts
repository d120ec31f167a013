import { expect, it } from 'vitest';
import type { EventLog, RecordBatch } from '../event-log.ts';
import { partitionOf } from '../partitioning.ts';
import { createGate, follow, partitions, range, record, records, topic, until } from './event-log-under-test.ts';

type Using = (test: (log: EventLog) => Promise<void>) => () => Promise<void>;

const home = partitionOf('k', partitions);
const manyOfOneKey = (count: number) => range(0, count).map((i) => record('k', String(i)));

export const consumeContract = (using: Using): void => {
  it(
    'delivers every record of every partition in order, in contiguous batches within the bound',
    using(async (log) => {
      await log.append(topic, records(900));
      const reader = await follow(log, { group: 'g', batchMax: 100 });
      await until(() => expect(reader.seen()).toHaveLength(900 + partitions));
      await reader.consumer.stop();
      for (const { partition, end } of await log.bounds(topic)) {
        expect(reader.offsets(partition)).toEqual(range(0, end));
      }
      for (const batch of reader.batches) {
        expect(batch.topic).toBe(topic);
        expect(batch.records.length).toBeGreaterThan(0);
        expect(batch.records.length).toBeLessThanOrEqual(100);
        expect(batch.records.every((of) => of.partition === batch.partition)).toBe(true);
        expect(batch.end).toBeGreaterThan(batch.records.at(-1)?.offset ?? 0);
      }
    }),
  );

  it(
    'delivers what is appended while it waits',
    using(async (log) => {
      const reader = await follow(log, { group: 'g' });
      await until(() => expect(reader.seen()).toHaveLength(partitions));
      for (const i of range(0, 20)) {
        await log.append(topic, [record(`later-${i}`)]);
        await until(() => expect(reader.keys()).toHaveLength(i + 1));
      }
      await reader.consumer.stop();
    }),
  );

  it(
    'runs one handler at a time per partition, and does not let one partition hold up another',
    using(async (log) => {
      const gate = createGate();
      const running = new Map<number, number>();
      let overlaps = 0;
      const reader = await follow(
        log,
        { group: 'g', batchMax: 10 },
        {
          onBatch: async ({ partition }) => {
            running.set(partition, (running.get(partition) ?? 0) + 1);
            if ((running.get(partition) ?? 0) > 1) overlaps += 1;
            if (partition === home) await gate.opened;
            running.set(partition, (running.get(partition) ?? 0) - 1);
          },
        },
      );
      await log.append(topic, [...manyOfOneKey(50), ...records(400)]);
      const bounds = await log.bounds(topic);
      const others = bounds.filter(({ partition }) => partition !== home);
      await until(() => {
        for (const { partition, end } of others) expect(reader.offsets(partition)).toEqual(range(0, end));
      });
      expect(reader.offsets(home)).toEqual([]);
      gate.open();
      await until(() => expect(reader.offsets(home)).toEqual(range(0, bounds[home]?.end ?? 0)));
      expect(overlaps).toBe(0);
      await reader.consumer.stop();
    }),
  );

  it(
    'gives a handler that throws the same records again, skips nothing, and goes on elsewhere',
    using(async (log) => {
      await log.append(topic, [...manyOfOneKey(30), ...records(100)]);
      const firsts: (number | undefined)[] = [];
      let failing = 2;
      const reader = await follow(
        log,
        { group: 'g', batchMax: 8 },
        {
          onBatch: async ({ partition, records: batch }) => {
            if (partition !== home || (batch.at(-1)?.offset ?? 0) < 12 || failing === 0) return;
            failing -= 1;
            firsts.push(batch[0]?.offset);
            throw new Error('The handler fails on purpose.');
          },
        },
      );
      const bounds = await log.bounds(topic);
      await until(() => {
        for (const { partition, end } of bounds) expect(reader.offsets(partition)).toEqual(range(0, end));
      });
      expect(firsts).toHaveLength(2);
      expect(firsts[0]).toBe(firsts[1]);
      await reader.consumer.stop();
    }),
  );

  it(
    'starts where onAssigned says, and calls it again if it throws',
    using(async (log) => {
      await log.append(topic, manyOfOneKey(20));
      let failing = true;
      const reader = await follow(
        log,
        { group: 'g' },
        {
          onAssigned: async (partition, committed) => {
            expect(committed).toBeUndefined();
            if (partition !== home) return undefined;
            if (!failing) return 15;
            failing = false;
            throw new Error('The store is away.');
          },
        },
      );
      const end = (await log.bounds(topic))[home]?.end ?? 0;
      await until(() => expect(reader.offsets(home)).toEqual(range(15, end)));
      expect(failing).toBe(false);
      await reader.consumer.stop();
    }),
  );

  it(
    'gives each private reader every partition from its start, whatever was committed',
    using(async (log) => {
      await log.append(topic, records(60));
      const member = await follow(log, { group: 'g' });
      await until(() => expect(member.keys()).toHaveLength(60));
      const readers = [await follow(log, { group: null }), await follow(log, { group: null })];
      await until(() => {
        for (const reader of readers) expect(reader.keys()).toHaveLength(60);
      });
      for (const reader of readers) {
        expect([...reader.assigned]).toHaveLength(partitions);
        for (const p of range(0, partitions)) {
          expect(reader.offsets(p)[0]).toBe(0);
          expect(reader.assigned.get(p)).toBeUndefined();
          reader.consumer.commit(p, 5);
        }
        await reader.consumer.stop();
      }
      await member.consumer.stop();
    }),
  );

  it(
    'delivers nothing of a paused partition until it is resumed',
    using(async (log) => {
      const reader = await follow(log, { group: 'g' });
      await until(() => expect(reader.seen()).toHaveLength(partitions));
      reader.consumer.pause(home);
      await log.append(topic, [...manyOfOneKey(5), ...records(40)]);
      const bounds = await log.bounds(topic);
      await until(() => {
        for (const { partition, end } of bounds) {
          if (partition !== home) expect(reader.offsets(partition)).toEqual(range(0, end));
        }
      });
      expect(reader.offsets(home)).toEqual([0]);
      reader.consumer.resume(home);
      await until(() => expect(reader.offsets(home)).toEqual(range(0, bounds[home]?.end ?? 0)));
      await reader.consumer.stop();
    }),
  );

  it(
    'stops after the running handlers are done, and delivers nothing more',
    using(async (log) => {
      const gate = createGate();
      const started: RecordBatch[] = [];
      await log.append(topic, manyOfOneKey(50));
      const reader = await follow(
        log,
        { group: 'g', batchMax: 5 },
        {
          onBatch: async (batch) => {
            if (batch.partition !== home) return;
            started.push(batch);
            await gate.opened;
          },
        },
      );
      await until(() => expect(started).toHaveLength(1));
      let stopped = false;
      const stopping = reader.consumer.stop().then(() => {
        stopped = true;
      });
      await log.append(topic, records(20, 'late'));
      expect(stopped).toBe(false);
      gate.open();
      await stopping;
      expect(reader.offsets(home)).toEqual(range(0, 5));
      const seen = reader.seen().length;
      await log.append(topic, records(20, 'later'));
      expect(reader.seen()).toHaveLength(seen);
      await reader.consumer.stop();
    }),
  );
};
