import { TOPICS } from '@hindcast/domain';
import { describe, expect, it, vi } from 'vitest';
import { defaultKafkaLogBounds } from './event-log-options.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { Seat } from './partition-seat.ts';
import { createSeatFetcher, type SeatFetcherOptions } from './seat-fetcher.ts';

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

const topic = TOPICS.predictions;
const trouble = { failed: () => undefined, over: () => undefined };
const unseen = { known: () => 0, told: () => undefined, doubt: () => undefined };
const fetcherOf = (link: KafkaLink, seats: readonly Seat[], ends: SeatFetcherOptions['ends'] = unseen) =>
  createSeatFetcher({
    ...{ link, topic, topicName: 'topic', seats: () => seats, bounds: defaultKafkaLogBounds, ends, trouble },
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
  const fetcher = fetcherOf(link, seats);
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

describe('what a fetch tells of where partitions end', () => {
  it('is told with what was known when it was asked, also of partitions without records', async () => {
    const told = vi.fn();
    let known = 7;
    const ask = (async () => {
      if (known > 7) return new Promise(() => undefined);
      known = 9;
      return { responses: [{ partitions: [{ partition: 0, highWatermark: '3', messages: [] }] }] };
    }) as KafkaLink['ask'];
    const link = { ask, leaderOf: () => '1' } as Partial<KafkaLink> as KafkaLink;
    const fetcher = fetcherOf(link, [hungry], { ...unseen, known: () => known, told });
    fetcher.wake();
    await vi.waitUntil(() => told.mock.calls.length > 0);
    fetcher.stop();
    expect(told.mock.calls).toEqual([[topic, 0, 3, 7]]);
  });

  it.each([
    ['OFFSET_OUT_OF_RANGE', 1],
    ['TOPIC_AUTHORIZATION_FAILED', 0],
  ])('puts the topic in doubt where Kafka does not have an offset, and else not: %s', async (type, doubts) => {
    const ask = (async () =>
      Promise.reject(Object.assign(new Error(type), { type, retriable: false }))) as KafkaLink['ask'];
    const link = { ask, leaderOf: () => '1', recover: async () => undefined } as Partial<KafkaLink> as KafkaLink;
    const doubt = vi.fn();
    let refused = false;
    const refuse = () => {
      refused = true;
    };
    const fetcher = fetcherOf(link, [{ ...seat(0, () => !refused), refuse }], { ...unseen, doubt });
    fetcher.wake();
    await vi.waitUntil(() => refused);
    fetcher.stop();
    expect(doubt).toHaveBeenCalledTimes(doubts);
  });
});
