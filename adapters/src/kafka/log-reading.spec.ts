import { TOPICS } from '@hindcast/domain';
import { describe, expect, it } from 'vitest';
import { createHurry, type Hurry } from './hurry.ts';
import type { KafkaLink } from './kafka-link.ts';
import { createLogReading } from './log-reading.ts';
import type { FetchedMessage } from './record-decoding.ts';

const topic = TOPICS.predictions;
const fetchPartitionBytesMax = 1_000;
const patienceMs = 50;
/** Longer than a test may last. */
const endlessMs = 600_000;
const pause = (ms: number) => new Promise<void>((resolve) => setTimeout(resolve, ms));
const never = () => new Promise<void>(() => undefined);

/** What reads over a link that stands for Kafka. */
const readerOf = (link: object, callTimeoutMs: number, hurry?: Hurry) =>
  createLogReading({
    link: link as KafkaLink,
    nameOf: (name) => name,
    bounds: { callTimeoutMs, fetchPartitionBytesMax },
    ...(hurry && { hurry }),
  });
/** A Kafka that takes requests and answers none. */
const silent = { prepare: never, recover: async () => undefined };
const unavailable = { code: 'unavailable' };

describe('reading while Kafka does not answer', () => {
  it('gives up after the patience of the caller, or after that of opening', async () => {
    const reading = readerOf(silent, endlessMs);
    await expect(reading.offsets(topic, 4, patienceMs)).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringMatching(/^Kafka did not say where the log ends: No answer within \d+ ms\.$/),
    });
    await expect(reading.pages(topic, 0, 0, 1, patienceMs).next()).rejects.toMatchObject(unavailable);
    await expect(readerOf(silent, patienceMs).offsets(topic, 4)).rejects.toMatchObject(unavailable);
  });

  it('does not wait for a recovery that takes longer', async () => {
    const link = { prepare: () => Promise.reject(new Error('Connection refused')), recover: never };
    await expect(readerOf(link, endlessMs).offsets(topic, 4, patienceMs)).rejects.toMatchObject(unavailable);
  });

  it('is waited for only a little where the process ends', async () => {
    const late = { within: () => pause(patienceMs).then(() => 'late' as const) };
    const hurry = createHurry(late);
    const reading = readerOf(silent, endlessMs, hurry);
    const [before, afterwards] = [reading.offsets(topic, 4), () => reading.offsets(topic, 4)];
    hurry.begin();
    await expect(before).rejects.toMatchObject({ code: 'stopped' });
    await expect(afterwards()).rejects.toMatchObject({ code: 'stopped' });
  });

  it('learns later that a connection is lost, for whoever asks next', async () => {
    const callTimeoutMs = 4 * patienceMs;
    let lost = () => {};
    const learnt = new Promise<void>((resolve) => {
      lost = resolve;
    });
    const begun = performance.now();
    const reading = readerOf({ prepare: never, recover: async () => lost() }, callTimeoutMs);
    await expect(reading.offsets(topic, 4, patienceMs)).rejects.toMatchObject(unavailable);
    await learnt;
    expect(performance.now() - begun).toBeGreaterThan(callTimeoutMs - patienceMs);
  });
});

/** A Kafka that gives three records at a time, and tells how many bytes it was asked for. */
const talking = () => {
  const asked: number[] = [];
  const messageAt = (offset: number): FetchedMessage => ({
    ...{ offset: String(offset), timestamp: '0', key: null, value: null, headers: {}, isControlRecord: false },
  });
  const broker = {
    async fetch({ topics: [wanted] }: { topics: { partitions: { fetchOffset: string; maxBytes: number }[] }[] }) {
      const { fetchOffset, maxBytes } = wanted?.partitions[0] ?? { fetchOffset: '0', maxBytes: 0 };
      asked.push(maxBytes);
      const messages = [0, 1, 2].map((further) => messageAt(Number(fetchOffset) + further));
      return { responses: [{ topicName: topic, partitions: [{ partition: 0, highWatermark: '9', messages }] }] };
    },
  };
  const link = {
    ...{ prepare: async () => undefined, recover: async () => undefined, leaderOf: () => '1' },
    ask: (_leader: string, request: (of: typeof broker) => unknown) => request(broker),
  };
  return { reading: readerOf(link, endlessMs), asked };
};

it('asks for one batch where one record is wanted', async () => {
  const { reading, asked } = talking();
  const read = async (from: number, to: number): Promise<number[]> => {
    const offsets: number[] = [];
    for await (const page of reading.pages(topic, 0, from, to)) offsets.push(...page.map(({ offset }) => offset));
    return offsets;
  };
  expect(await read(7, 8)).toEqual([7]);
  expect(await read(2, 6)).toEqual([2, 3, 4, 5]);
  expect((await reading.fetch(topic, 0, 5)).map(({ offset }) => offset)).toEqual([5, 6, 7]);
  expect(asked).toEqual([1, fetchPartitionBytesMax, 1, 1]);
});
