import {
  type EventLog,
  type Identity,
  type JobHandlers,
  type LogConsumer,
  type Logger,
  lostMax,
  type Running,
  TOPICS,
} from '@hindcast/domain';
import { createCaughtUp } from '../caught-up.ts';
import { createCommitClock } from '../commit-clock.ts';
import { createDurableAppender } from '../durable-append.ts';
import { settledWithin } from '../settled-within.ts';
import { type JobAnswer, jobRecord } from './job-answers.ts';
import { createJobDesk, type JobDesk, type JobEntry, type JobNews } from './job-desk.ts';
import { type RunningJob, runJob } from './run-job.ts';

export interface JobRunnerPorts {
  readonly log: EventLog;
  readonly identity: Pick<Identity, 'now' | 'newId'>;
  readonly logger?: Logger;
}

export interface JobRunnerOptions {
  /** Runners of one group share the jobs of their kinds. Runners of other kinds need a group of their own. */
  readonly group: string;
  /** By kind. Jobs of other kinds are passed over. */
  readonly handlers: JobHandlers;
  /** Jobs that run at once in this process. */
  readonly concurrency: number;
  /** Name in attempts. */
  readonly runnerId?: string;
  /** Longest time that `stop` waits for handlers to end after they were asked to. */
  readonly stopMsMax?: number;
  /** Least time between two events of progress of one job. */
  readonly progressMs?: number;
  /** How long a process lives before it begins an attempt whose loss would be the last. */
  readonly lastAttemptAfterMs?: number;
}

export type JobRunner = Running & { stats(): { readonly open: number; readonly running: number } };

/** Who was beaten to a claim by a process that no longer has the partition tries again after this, when that one knows. */
const claimAgainMs = 5_000;
/** Longest time that `stop` waits for the log to hear that jobs are given back. */
const releaseMsMax = 2_000;

const isLastAttempt = ({ state: { status, lost } }: JobEntry): boolean => status === 'running' && lost + 2 === lostMax;

/**
 * Runs what the jobs topic asks for. The handler of the log only files jobs: they are run in the background, and none of
 * them before the partition was read to the end that it had when it was assigned. An attempt begins when its claim has
 * come back from the log as the first one.
 */
export const startJobRunner = async (ports: JobRunnerPorts, options: JobRunnerOptions): Promise<JobRunner> => {
  const { log, identity, logger } = ports;
  const { group, handlers, concurrency, stopMsMax = 5_000, progressMs = 1_000, lastAttemptAfterMs = 5_000 } = options;
  const runner = options.runnerId ?? identity.newId();
  const desks = new Map<number, JobDesk>();
  /** What takes one of the places: undefined where the claim has not come back yet. */
  const active = new Map<JobEntry, RunningJob | undefined>();
  const appender = createDurableAppender(log, logger);
  const caughtUp = createCaughtUp(log, TOPICS.jobs, (partition) => desks.get(partition)?.next);
  let consumer: LogConsumer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let stopping = false;
  const commits = createCommitClock((partition) => {
    const desk = desks.get(partition);
    if (desk) consumer?.commit(partition, desk.committable);
  });

  const tell = async (entry: JobEntry, answers: readonly JobAnswer[], eventId?: string): Promise<boolean> => {
    const records = answers.map((answer) => jobRecord(identity, entry, answer, eventId));
    const outcomes = await appender.append(TOPICS.jobs, records, () => entry.held);
    const refused = outcomes.find(({ ok }) => !ok);
    if (refused) logger?.warn({ job: entry.id, err: refused }, 'the log did not take what was to be said of a job');
    return refused === undefined;
  };

  /** The same job may still be ending here, from before its partition went and came back. */
  const isBusy = (entry: JobEntry): boolean => [...active.keys()].some(({ key }) => key === entry.key);

  const pump = (): void => {
    clearTimeout(timer);
    timer = undefined;
    if (stopping) return;
    const ready = [...desks.values()].flatMap((desk) => (desk.ready ? [...desk.entries.values()] : []));
    const waiting = ready.filter((entry) => entry.claim === undefined);
    waiting.sort((a, b) => a.state.request.at - b.state.request.at);
    const now = identity.now();
    // Processes that are ended from outside soon after they began must not use up what is for jobs that end their process.
    for (const entry of waiting)
      if (entry.claimFrom === 0 && isLastAttempt(entry)) entry.claimFrom = now + lastAttemptAfterMs;
    for (const entry of waiting) {
      if (active.size >= concurrency) return;
      if (entry.claimFrom <= now && !isBusy(entry)) claim(entry);
    }
    const later = waiting.filter(({ claimFrom }) => claimFrom > now).map(({ claimFrom }) => claimFrom - now);
    if (later.length > 0) timer = setTimeout(pump, Math.min(...later));
  };

  const leave = (entry: JobEntry): void => {
    active.delete(entry);
    pump();
  };
  const giveUpClaim = (entry: JobEntry): void => {
    entry.claim = undefined;
    entry.claimFrom = identity.now() + claimAgainMs;
  };

  const claim = (entry: JobEntry): void => {
    const { status, attempts, lost } = entry.state;
    const eventId = identity.newId();
    const attempt = attempts + 1;
    entry.claim = { eventId, attempt };
    active.set(entry, undefined);
    const exhausted = status === 'running' && lost + 1 >= lostMax;
    const detail = `Its process was lost ${lostMax} times, and it came no further in between.`;
    const answer: JobAnswer = exhausted
      ? { type: 'JobFailed', data: { attempt: attempts, code: 'job_lost', detail } }
      : { type: 'JobStarted', data: { attempt, runner } };
    void tell(entry, [answer], eventId).then((told) => {
      if (told || entry.claim?.eventId !== eventId) return;
      giveUpClaim(entry);
      leave(entry);
    });
  };

  const launch = (entry: JobEntry): void => {
    const { state, tenant, id } = entry;
    const { kind, spec } = state.request;
    const handler = handlers[kind];
    if (!handler) return;
    const running = runJob({
      job: { id, tenant, kind, spec, attempt: state.attempts },
      checkpoint: state.checkpoint,
      handler,
      progressMs,
      logger,
      tell: async (answers) => void (await tell(entry, answers)),
    });
    active.set(entry, running);
    void running.ended.then(() => leave(entry));
  };

  /** Ends what this process does of the job. A claim that has not come back holds its place no longer. */
  const interrupt = (entry: JobEntry, reason: string): void => {
    const running = active.get(entry);
    if (running) running.abort(new Error(reason));
    else active.delete(entry);
  };

  const hear = ({ entry, event, verdict, fresh }: JobNews): void => {
    if (!entry.held) {
      interrupt(entry, 'The job has ended.');
      return;
    }
    if (event.type !== 'JobStarted') return;
    const own = event.id === entry.claim?.eventId;
    const accepted = verdict === 'accepted';
    if (own && accepted) {
      if (!stopping) launch(entry);
    } else if (own || (accepted && fresh)) {
      // Another process is at it, which had the partition before.
      interrupt(entry, 'Another process goes on with the job.');
      giveUpClaim(entry);
    }
  };

  const release = async (entry: JobEntry): Promise<void> => {
    if (entry.claim === undefined) return;
    await tell(entry, [{ type: 'JobReleased', data: { attempt: entry.claim.attempt, runner } }]);
  };

  consumer = await log.consume(
    { topic: TOPICS.jobs, group },
    {
      async onAssigned(partition, committed) {
        const bounds = (await log.bounds(TOPICS.jobs)).find((one) => one.partition === partition);
        const place = { partition, next: committed ?? bounds?.start ?? 0, endAtAssignment: bounds?.end ?? 0 };
        const takes = (kind: string | undefined) => kind !== undefined && Object.hasOwn(handlers, kind);
        desks.set(partition, createJobDesk({ ...place, takes }));
        caughtUp.moved();
        pump();
        return undefined;
      },
      async onBatch({ partition, records }) {
        const desk = desks.get(partition);
        if (!desk) return;
        for (const record of records) {
          const news = desk.take(record);
          if (news) hear(news);
        }
        commits.moved(partition);
        caughtUp.moved();
        pump();
      },
      onRevoked(partition) {
        const desk = desks.get(partition);
        desks.delete(partition);
        commits.forget(partition);
        for (const entry of desk?.entries.values() ?? []) {
          void release(entry);
          interrupt(entry, 'The partition belongs to another process.');
        }
        desk?.close();
        caughtUp.moved();
        pump();
      },
    },
  );

  return {
    whenCaughtUp: caughtUp.wait,
    stats: () => {
      let open = 0;
      for (const desk of desks.values()) open += desk.entries.size;
      return { open, running: active.size };
    },
    async stop() {
      stopping = true;
      clearTimeout(timer);
      const claimed = [...active.keys()];
      const runs = [...active.values()];
      for (const entry of claimed) interrupt(entry, 'The process is stopping.');
      await settledWithin(Promise.all(runs.map((run) => run?.ended)), stopMsMax);
      await settledWithin(Promise.all(claimed.filter(({ held }) => held).map(release)), releaseMsMax);
      appender.giveUp();
      commits.flush(desks.keys());
      await consumer?.stop();
      commits.stop();
    },
  };
};
