import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { encode } from './event-codec.ts';
import { type ConsumerHandlers, TOPICS } from './event-log.ts';
import { aJobRequested } from './testing/job-event-builders.ts';
import { followTopic, type TopicFollower } from './topic-follower.ts';

/** A log of one partition that hands its records out when it is told to. */
const slowLog = () => {
  let handlers: ConsumerHandlers | undefined;
  let end = 0;
  let looks = 0;
  return {
    looks: () => looks,
    grow: () => void end++,
    handOut: async (offset: number) => {
      const place = { topic: TOPICS.jobs, partition: 0 };
      const record = { ...encode(aJobRequested()), ...place, offset, appendedAt: 1 };
      await handlers?.onBatch({ ...place, records: [record], end });
    },
    consume: async (_: unknown, given: ConsumerHandlers) => {
      handlers = given;
      return { commit() {}, pause() {}, resume() {}, async stop() {} };
    },
    bounds: async () => {
      looks++;
      return [{ logId: 'log', epoch: 0, partition: 0, start: 0, end }];
    },
  };
};

const ageMsMax = 5_000;
const timeoutMs = 2_000;

describe('a reader of a whole topic', () => {
  let log: ReturnType<typeof slowLog>;
  let follower: TopicFollower;
  const behind = () => follower.behind(ageMsMax, timeoutMs);

  beforeEach(async () => {
    vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'clearTimeout'] });
    log = slowLog();
    follower = await followTopic(log, TOPICS.jobs, 'jobs', () => {});
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is behind until it has seen the end of the log', async () => {
    await behind();
    expect(behind()).toBeUndefined();
    expect(log.looks()).toBe(1);
  });

  it('looks again in time, so that nobody waits where it is asked often', async () => {
    await follower.catchUp();
    for (let second = 0; second < 20; second++) {
      await vi.advanceTimersByTimeAsync(1_000);
      expect(behind()).toBeUndefined();
    }
    expect(log.looks()).toBeGreaterThan(4);
    expect(log.looks()).toBeLessThan(10);
  });

  it('lets those who ask wait once its reading lags, and goes on when it has come', async () => {
    await follower.catchUp();
    log.grow();
    await vi.advanceTimersByTimeAsync(ageMsMax + 1);
    const waiting = behind();
    expect(waiting).toBeInstanceOf(Promise);
    expect(behind()).toBe(waiting);
    await log.handOut(0);
    await waiting;
    expect(behind()).toBeUndefined();
  });

  it('refuses those who ask while its reading stands still, and tries again', async () => {
    await follower.catchUp();
    log.grow();
    await vi.advanceTimersByTimeAsync(ageMsMax + 1);
    const refused = expect(behind()).rejects.toThrow('did not catch up');
    await vi.advanceTimersByTimeAsync(timeoutMs);
    await refused;
    const again = behind();
    await log.handOut(0);
    await again;
    expect(behind()).toBeUndefined();
  });
});
