import { describe, expect, it, vi } from 'vitest';
import { defaultKafkaLogBounds } from './event-log-options.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { Seat } from './partition-seat.ts';
import { createSeatFetcher } from './seat-fetcher.ts';

const seat = (partition: number, wantsRecords: () => boolean): Seat => ({
  partition,
  wantsRecords,
  isFull: () => false,
  fetchFrom: () => 0,
  accept: () => undefined,
  refuse: () => undefined,
  commit: () => undefined,
  takeCommit: () => undefined,
  returnCommit: () => undefined,
  pause: () => undefined,
  resume: () => undefined,
  release: async () => undefined,
});

/** How long the broker was let wait by each fetch, where `records` says how many each finds. The last one stays open. */
const waitsOf = async (seats: readonly Seat[], records: readonly number[]): Promise<readonly number[]> => {
  const waits: number[] = [];
  const ask = (async (_broker, _request, heldMs = 0) => {
    const messages = new Array(records[waits.length]).fill({});
    waits.push(heldMs);
    if (waits.length === records.length) return new Promise(() => undefined);
    return { responses: [{ partitions: [{ partition: 0, highWatermark: '1', messages }] }] };
  }) as KafkaLink['ask'];
  const link = { ask, leaderOf: () => '1' } as Partial<KafkaLink> as KafkaLink;
  const trouble = { failed: () => undefined, over: () => undefined };
  const fetcher = createSeatFetcher({
    ...{ link, topicName: 'topic', seats: () => seats, bounds: defaultKafkaLogBounds, trouble },
  });
  fetcher.wake();
  await vi.waitUntil(() => waits.length === records.length);
  fetcher.stop();
  return waits;
};
const { fetchWaitMsMax, fetchIdleWaitMsMax } = defaultKafkaLogBounds;
const hungry = seat(0, () => true);

describe('a fetch', () => {
  it('may last the longer the longer nothing came, until something comes', async () => {
    const waits = await waitsOf([hungry, seat(1, () => true)], [0, 0, 0, 0, 1, 0]);
    expect(waits).toEqual([
      fetchWaitMsMax,
      500,
      fetchIdleWaitMsMax,
      fetchIdleWaitMsMax,
      fetchIdleWaitMsMax,
      fetchWaitMsMax,
    ]);
  });

  it('is short while it leaves out a partition that may want records before it is back', async () => {
    const waits = await waitsOf([hungry, seat(1, () => false)], [0, 0, 0]);
    expect(waits).toEqual([fetchWaitMsMax, fetchWaitMsMax, fetchWaitMsMax]);
  });
});
