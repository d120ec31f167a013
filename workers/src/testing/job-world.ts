import {
  type EventLog,
  encode,
  type JobCatalog,
  type JobEvent,
  type JobHandler,
  type Logger,
  openJobCatalog,
  type RecordedRecord,
  TOPICS,
} from '@hindcast/domain';
import { createMemoryEventLog } from '@hindcast/domain/in-memory';
import { aJobRequested } from '@hindcast/domain/testing';
import { type JobRunner, type JobRunnerOptions, startJobRunner } from '../jobs/job-runner.ts';

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Counts to `spec.to`, a step in every turn, and can go on where it was. */
export const counting: JobHandler = async ({ spec }, { signal, progress, checkpoint }) => {
  const to = Number(spec['to']);
  let done = Number(checkpoint?.['done'] ?? 0);
  const from = done;
  while (done < to) {
    await nextTurn();
    signal.throwIfAborted();
    done += 1;
    progress({ done, total: to, unit: 'steps', checkpoint: { done } });
  }
  return { counted: done, from };
};

/** A process that can be killed: from then on nothing reaches the log, and its partitions go to others. */
const killable = (log: EventLog) => {
  let dead = false;
  const stops: (() => Promise<void>)[] = [];
  const own: EventLog = {
    ...log,
    append: (topic, records) => (dead ? new Promise(() => {}) : log.append(topic, records)),
    async consume(subscription, handlers) {
      const consumer = await log.consume(subscription, {
        ...handlers,
        onBatch: async (batch) => (dead ? undefined : handlers.onBatch(batch)),
      });
      stops.push(consumer.stop);
      return { ...consumer, commit: (...of) => (dead ? undefined : consumer.commit(...of)) };
    },
  };
  return {
    log: own,
    async kill() {
      dead = true;
      for (const stop of stops) await stop();
    },
  };
};

/** A log with jobs, what the one judge makes of them, and runners that share a group. */
export const createJobWorld = async ({ partitions = 3 } = {}) => {
  let made = 0;
  const identity = { now: Date.now, newId: () => `id-${++made}` };
  const log = createMemoryEventLog({
    ...identity,
    partitions: {
      [TOPICS.predictions]: 1,
      [TOPICS.models]: 1,
      [TOPICS.jobs]: partitions,
      [TOPICS.audit]: 1,
      [TOPICS.deadLetters]: 1,
    },
  });
  const catalog: JobCatalog = await openJobCatalog(log);
  const runners: JobRunner[] = [];

  return {
    log,
    catalog,
    async start(options: Partial<JobRunnerOptions> = {}, logger?: Logger) {
      const process = killable(log);
      const runner = await startJobRunner(
        { log: process.log, identity, ...(logger && { logger }) },
        {
          group: 'runners',
          handlers: { count: counting },
          concurrency: 2,
          progressMs: 0,
          lastAttemptAfterMs: 0,
          ...options,
        },
      );
      runners.push(runner);
      return {
        ...runner,
        async kill() {
          runners.splice(runners.indexOf(runner), 1);
          await process.kill();
        },
      };
    },
    async tell(...events: JobEvent[]) {
      const outcomes = await log.append(
        TOPICS.jobs,
        events.map((event) => encode(event)),
      );
      if (outcomes.some(({ ok }) => !ok)) throw new Error('The log refused an event.');
    },
    request: (id: string, data: { kind?: string; spec?: Record<string, unknown> } = {}) =>
      aJobRequested({ id, eventId: `request-of-${id}`, ...data }),
    cause: (id: string) => ({ id, cause: `request-of-${id}` }),
    job: (id: string) => catalog.get('default', id)?.state,
    async events(): Promise<JobEvent[]> {
      const records: RecordedRecord[] = [];
      for (let partition = 0; partition < partitions; partition++) {
        for await (const page of log.read({ topic: TOPICS.jobs, partition, from: 1 })) records.push(...page);
      }
      return records.map(({ value }) => JSON.parse(value) as JobEvent);
    },
    async close() {
      await Promise.all(runners.map((runner) => runner.stop()));
      await catalog.stop();
      await log.stop();
    },
  };
};
export type JobWorld = Awaited<ReturnType<typeof createJobWorld>>;
