import { expect, it, vi } from 'vitest';
import { type RecordedRecord, TOPICS } from '../event-log.ts';
import { createConsumerGroups } from './consumer-groups.ts';

const topic = TOPICS.predictions;
const record = (offset: number): RecordedRecord => {
  return { topic, partition: 0, offset, key: 'k', value: '', headers: {}, appendedAt: 0 };
};

it('tells the log what every group was given, and not before the slowest was', async () => {
  const told: number[] = [];
  const groups = createConsumerGroups({
    source: {
      partitions: () => 1,
      start: () => 0,
      end: () => 6,
      fetch: (_topic, _partition, from, max) =>
        Array.from({ length: Math.min(max, 6 - from) }, (_, i) => record(from + i)),
      committed: () => undefined,
      saveCommitted: () => {},
      handedOut: (_topic, _partition, before) => told.push(before),
    },
  });
  let letGo = (): void => {};
  const held = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const slow = vi.fn(() => held);
  const quick = vi.fn(async () => {});
  groups.join({ topic, group: 'slow', batchMax: 2 }, { onBatch: slow });
  groups.join({ topic, group: 'quick', batchMax: 3 }, { onBatch: quick });
  await vi.waitFor(() => expect(quick).toHaveBeenCalledTimes(2));
  expect(Math.max(...told)).toBe(0);
  letGo();
  await vi.waitFor(() => expect(told.at(-1)).toBe(6));
  expect(told).toEqual([...told].sort());
  await groups.stop();
});
