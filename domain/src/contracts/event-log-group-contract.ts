import { expect, it } from 'vitest';
import type { EventLog } from '../event-log.ts';
import { partitionOf } from '../partitioning.ts';
import { commitBatch, createGate, follow, partitions, range, records, topic, until } from './event-log-under-test.ts';

type Using = (test: (log: EventLog) => Promise<void>) => () => Promise<void>;

const home = partitionOf('k', partitions);

export const groupContract = (using: Using): void => {
  it(
    'continues a group from what it committed, and repeats what it did not',
    using(async (log) => {
      await log.append(topic, records(100));
      const first = await follow(log, { group: 'g' });
      await until(() => expect(first.keys()).toHaveLength(100));
      for (const p of range(0, partitions)) if (p !== home) first.consumer.commit(p, 3);
      await first.consumer.stop();
      const bounds = await log.bounds(topic);
      const second = await follow(log, { group: 'g' });
      await until(() => {
        for (const { partition, end } of bounds) {
          expect(second.offsets(partition)).toEqual(range(partition === home ? 0 : 3, end));
        }
      });
      expect(second.assigned.get(home)).toBeUndefined();
      for (const p of range(0, partitions)) if (p !== home) expect(second.assigned.get(p)).toBe(3);
      const stranger = await follow(log, { group: 'another' });
      await until(() => expect(stranger.keys()).toHaveLength(100));
      await Promise.all([second.consumer.stop(), stranger.consumer.stop()]);
    }),
  );

  it(
    'never moves a commit back',
    using(async (log) => {
      await log.append(topic, records(100));
      const first = await follow(log, { group: 'g' });
      await until(() => expect(first.keys()).toHaveLength(100));
      for (const next of [2, 5, 3, 1]) first.consumer.commit(home, next);
      await first.consumer.stop();
      const second = await follow(log, { group: 'g' });
      await until(() => expect(second.assigned.get(home)).toBe(5));
      await second.consumer.stop();
    }),
  );

  it(
    'shares the partitions among the members of a group, and gives those of a leaving member to the others',
    using(async (log) => {
      const first = await follow(log, { group: 'g' }, { onBatch: async (batch) => commitBatch(first.consumer, batch) });
      await until(() => expect(first.seen()).toHaveLength(partitions));
      const second = await follow(
        log,
        { group: 'g' },
        { onBatch: async (batch) => commitBatch(second.consumer, batch) },
      );
      await until(() => expect(second.assigned.size).toBe(partitions / 2));
      expect([...second.assigned.keys()].sort()).toEqual([...first.revoked].sort());

      const before = first.seen().length;
      await log.append(topic, records(200));
      await until(() => expect(new Set([...first.keys(), ...second.keys()]).size).toBe(200));
      const held = new Set(
        first
          .seen()
          .slice(before)
          .map(({ partition }) => partition),
      );
      for (const { partition } of second.seen()) expect(held.has(partition)).toBe(false);

      await first.consumer.stop();
      await until(() => expect(second.assigned.size).toBe(partitions));
      await log.append(topic, records(50, 'after'));
      await until(() => expect(second.keys().filter((key) => key.startsWith('after'))).toHaveLength(50));
      await second.consumer.stop();
    }),
  );

  it(
    'moves a partition only between two batches: revoked, then assigned elsewhere',
    using(async (log) => {
      const gate = createGate();
      const story: string[] = [];
      let waiting = 0;
      await log.append(topic, records(40));
      const first = await follow(
        log,
        { group: 'g', batchMax: 4 },
        {
          onBatch: async (batch) => {
            waiting += 1;
            await gate.opened;
            story.push(`first handled ${batch.partition}`);
            commitBatch(first.consumer, batch);
          },
          onRevoked: (partition) => story.push(`first lost ${partition}`),
        },
      );
      await until(() => expect(waiting).toBe(partitions));
      const second = await follow(
        log,
        { group: 'g' },
        {
          onAssigned: async (partition) => {
            story.push(`second got ${partition}`);
            return undefined;
          },
        },
      );
      expect(story).toEqual([]);
      gate.open();
      await until(() => expect(second.assigned.size).toBe(partitions / 2));
      for (const [partition, committed] of second.assigned) {
        const handled = story.indexOf(`first handled ${partition}`);
        const lost = story.indexOf(`first lost ${partition}`);
        expect(handled).toBeGreaterThanOrEqual(0);
        expect(lost).toBeGreaterThan(handled);
        expect(story.indexOf(`second got ${partition}`)).toBeGreaterThan(lost);
        expect(story.slice(lost)).not.toContain(`first handled ${partition}`);
        expect(committed).toBeGreaterThanOrEqual(1);
      }
      const end = (await log.bounds(topic)).reduce((sum, bounds) => sum + bounds.end, 0);
      const at = ({ partition, offset }: { partition: number; offset: number }) => `${partition}:${offset}`;
      await until(() => expect(new Set([...first.seen(), ...second.seen()].map(at)).size).toBe(end));
      await Promise.all([first.consumer.stop(), second.consumer.stop()]);
    }),
  );

  it(
    'ignores the commit of a member that has lost the partition',
    using(async (log) => {
      const first = await follow(log, { group: 'g' });
      await until(() => expect(first.seen()).toHaveLength(partitions));
      const second = await follow(log, { group: 'g' });
      await until(() => expect(second.assigned.size).toBe(partitions / 2));
      await log.append(topic, records(40));
      await until(() => expect(new Set([...first.keys(), ...second.keys()]).size).toBe(40));
      const lost = [...second.assigned.keys()];
      for (const partition of lost) first.consumer.commit(partition, 2);
      await Promise.all([first.consumer.stop(), second.consumer.stop()]);
      const third = await follow(log, { group: 'g' });
      await until(() => expect(third.assigned.size).toBe(partitions));
      for (const partition of lost) expect(third.assigned.get(partition)).toBeUndefined();
      await third.consumer.stop();
    }),
  );

  it(
    'has room for more members than partitions',
    using(async (log) => {
      const members = await Promise.all(range(0, partitions + 2).map(() => follow(log, { group: 'g' })));
      await log.append(topic, records(100));
      await until(() => {
        const keys = new Set(members.flatMap((member) => member.keys()));
        expect(keys.size).toBe(100);
      });
      await Promise.all(members.map(({ consumer }) => consumer.stop()));
    }),
  );
};
