import { TOPICS } from '@hindcast/domain';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { LogReading, OffsetRange } from './log-reading.ts';
import { createPartitionEnds, tellingEnds } from './partition-ends.ts';

const topic = TOPICS.predictions;
const soonMs = 60_000;
beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A log that was opened with ten records, and what Kafka answers to looks at it from then on; the last answer stays. */
const opened = async (...answers: readonly (Partial<OffsetRange> | undefined)[]) => {
  const looks = [...answers];
  const look = vi.fn(async () => {
    const range = looks.length > 1 ? looks.shift() : looks[0];
    if (!range) throw new Error('This server does not host this topic-partition');
    return [{ start: 0, end: 10, ...range }];
  });
  const ends = createPartitionEnds({ partitions: new Map([[topic, 1]]), nameOf: (name) => name, look });
  let now: Partial<OffsetRange> = {};
  const offsets = async () => [{ start: 0, end: 10, ...now }];
  const reading = tellingEnds({ offsets } as Partial<LogReading> as LogReading, ends);
  await reading.offsets(topic, 1);
  ends.begin();
  const bounds = (found: Partial<OffsetRange>) => {
    now = found;
    return reading.offsets(topic, 1);
  };
  const messages: string[] = [];
  void ends.lost.then(({ message }) => messages.push(message));
  return { ends, look, bounds, messages };
};

describe('a partition', () => {
  it('is lost at the first record of a process that has written nothing, where it was stored before the end', async () => {
    const { ends } = await opened();
    ends.stored(topic, 0, 3, 1, ends.known(topic, 0));
    expect(ends.failure()?.message).toMatch(/ended at offset 10, and a record was stored at 3 now/);
  });

  it('is not in doubt where the answer to a record comes after that to a later reading', async () => {
    const { ends, look } = await opened();
    const known = ends.known(topic, 0);
    ends.told(topic, 0, 12, known);
    ends.stored(topic, 0, 10, 1, known);
    expect(ends.failure()).toBeUndefined();
    ends.told(topic, 0, 11, known);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(ends.known(topic, 0)).toBe(12);
    expect(look).not.toHaveBeenCalled();
  });

  it('is lost where it is not there any more beside others', async () => {
    const ends = createPartitionEnds({
      partitions: new Map([[topic, 2]]),
      nameOf: (name) => name,
      look: async () => [{ start: 0, end: 1 }],
    });
    ends.begin();
    ends.doubt(topic);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(ends.failure()?.message).toMatch(/Partition 1 of topic .* ended at offset 1, and is not there now/);
    ends.stop();
  });

  it('is lost where an earlier end is found again by a look some seconds later, and by nothing else', async () => {
    const { bounds, look, messages } = await opened({ end: 4 });
    await bounds({ end: 2 });
    await bounds({ end: 3 });
    expect(messages).toEqual([]);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(look).toHaveBeenCalledTimes(1);
    expect(messages).toEqual([expect.stringMatching(/ended at offset 10, and ends at 4 now: the topic was made anew/)]);
  });

  it('is not lost where the end was an earlier one for a moment', async () => {
    const { ends, look, messages } = await opened({ end: 10 });
    ends.told(topic, 0, 9, ends.known(topic, 0));
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(look).toHaveBeenCalledTimes(1);
    expect(messages).toEqual([]);
  });

  it('stays in doubt while Kafka does not say where it ends', async () => {
    const { ends, messages } = await opened(undefined, undefined, { end: 0 });
    ends.doubt(topic);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(messages).toHaveLength(1);
  });

  it('is lost where its beginning was removed', async () => {
    const { ends, messages } = await opened({ start: 10 });
    ends.doubt(topic);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(messages).toEqual([expect.stringContaining('begins at 10 now')]);
  });

  it('is looked at no more once the log is closed', async () => {
    const { ends, look } = await opened({ end: 0 });
    ends.doubt(topic);
    ends.stop();
    ends.doubt(topic);
    await vi.advanceTimersByTimeAsync(soonMs);
    expect(look).not.toHaveBeenCalled();
  });
});
