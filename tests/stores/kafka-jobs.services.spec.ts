import { randomUUID } from 'node:crypto';
import { encode, isEndedJob, type JobHandler, openJobCatalog, TOPICS } from '@hindcast/domain';
import { aJobCanceled, aJobRequested } from '@hindcast/domain/testing';
import { startJobRunner } from '@hindcast/workers';
import { describe, expect, inject, it, vi } from 'vitest';
import { openLog } from '../services/kafka-log-under-test.ts';

const brokers = inject('services').kafka ?? [];
const waitMsMax = 60_000;
const steps = 1_500;
const until = (condition: () => boolean) =>
  vi.waitFor(() => expect(condition()).toBe(true), { timeout: waitMsMax, interval: 20 });

/** Takes some seconds: a step every few milliseconds, and can go on where it was. */
const counting: JobHandler = async (_, { signal, progress, checkpoint }) => {
  const from = Number(checkpoint?.['done'] ?? 0);
  for (let done = from + 1; done <= steps; done++) {
    await new Promise((resolve) => setTimeout(resolve, 5));
    signal.throwIfAborted();
    progress({ done, total: steps, unit: 'steps', checkpoint: { done } });
  }
  return { from };
};

describe.skipIf(brokers.length === 0)('jobs on Kafka', () => {
  it('are shared by two runners, survive the loss of one and the stop of another, and end once', async () => {
    const topicPrefix = `${randomUUID()}.`;
    const watching = await openLog(brokers, { topicPrefix });
    const catalog = await openJobCatalog(watching);
    const identity = { now: Date.now, newId: randomUUID };
    const startRunner = async (runnerId: string) => {
      const log = await openLog(brokers, { topicPrefix, sessionTimeoutMs: 6_000 });
      const options = { group: 'runners', handlers: { count: counting }, concurrency: 20, progressMs: 50, runnerId };
      const runner = await startJobRunner({ log, identity }, options);
      const stop = async () => {
        await runner.stop();
        await log.stop();
      };
      return { log, stop };
    };
    const ids = Array.from({ length: 12 }, (_, at) => `j-${at}`);
    const stateOf = (id: string) => catalog.get('default', id)?.state;
    const runnerOf = (id: string) => {
      const state = stateOf(id);
      return state && 'runner' in state ? state.runner : undefined;
    };

    const first = await startRunner('first');
    const second = await startRunner('second');
    const requests = ids.map((id) => encode(aJobRequested({ id, eventId: `request-of-${id}` })));
    await watching.append(TOPICS.jobs, requests);
    await until(() => new Set(ids.map(runnerOf)).size === 2 && ids.every((id) => runnerOf(id) !== undefined));
    await until(() => ids.every((id) => Number(stateOf(id)?.progress?.done) > 20));

    // As if the process had died: its runner says nothing more.
    const lostOnes = ids.filter((id) => runnerOf(id) === 'first');
    await first.log.stop();
    const [canceled = ''] = ids.filter((id) => runnerOf(id) === 'second');
    await watching.append(TOPICS.jobs, [encode(aJobCanceled({ id: canceled, cause: `request-of-${canceled}` }))]);
    const third = await startRunner('third');
    await until(() => lostOnes.every((id) => Number(stateOf(id)?.attempts) > 1));
    await second.stop();
    const hasEnded = (id: string): boolean => {
      const state = stateOf(id);
      return state !== undefined && isEndedJob(state);
    };
    await until(() => ids.every(hasEnded));

    expect(ids.filter((id) => id !== canceled).map((id) => stateOf(id)?.status)).toEqual(
      Array.from({ length: 11 }, () => 'succeeded'),
    );
    expect(stateOf(canceled)?.status).toBe('canceled');
    for (const id of lostOnes) expect(stateOf(id)).toMatchObject({ result: { from: expect.any(Number) } });
    const resumed = ids
      .map(stateOf)
      .filter((state) => Number(state && 'result' in state && state.result?.['from']) > 0);
    expect(resumed.length).toBeGreaterThanOrEqual(lostOnes.length);
    await third.stop();
    await first.stop();
    await catalog.stop();
    await watching.stop();
  });
});
