import type {
  ArtifactStore,
  EventLog,
  Identity,
  Logger,
  ModelCatalog,
  ModelRuntime,
  ModelVersion,
} from '@hindcast/domain';
import { type ActiveRun, attemptsExhausted, createAttemptLog } from './attempt-log.ts';
import { createBatchInputs } from './batch-inputs.ts';
import { createBatchResults } from './batch-results.ts';
import { createCrashLedger } from './crash-ledger.ts';
import type { DurableAppender } from './durable-append.ts';
import { createHeldEntries } from './held-entries.ts';
import { fitOf, isPaused, rowsPerRun, versionOf } from './model-fit.ts';
import { observeRun, type RunObserver } from './observe-run.ts';
import type { OpenEntry } from './open-set.ts';
import { createAnswers } from './prediction-answers.ts';
import { quarantineOf } from './quarantine.ts';
import { endOfProcess, type RunResult, runBatch } from './run-batch.ts';
import type { RunCounts, RunLimits } from './run-limits.ts';
import { createScheduler, type Picked, type Scheduler } from './scheduler.ts';
import { createWaitingRoom } from './waiting-room.ts';
import { attemptsMax, countRun, createWorkerJob, needsWorkerAlone, type WorkerJob } from './worker-job.ts';

export interface InferenceRuns {
  readonly scheduler: Scheduler<WorkerJob>;
  readonly counts: RunCounts;
  /** Lets an open prediction be run. `recovered`: it was open when the partition was assigned. */
  enter(entry: OpenEntry<WorkerJob>, recovered: boolean): void;
  /** It is no longer open. */
  leave(entry: OpenEntry<WorkerJob>): void;
  /** Starts what can be started. */
  pump(): void;
  /** Starts nothing more; resolves when what runs has ended and is written. */
  drain(): Promise<void>;
}

/** How often work that is held back is looked at again. The timer exists only while there is such work. */
const recheckMs = 200;
const quarantinedRowsMax = 1_000;

export const createInferenceRuns = (
  ports: {
    readonly log: EventLog;
    readonly runtime: ModelRuntime;
    readonly catalog: ModelCatalog;
    readonly artifacts: ArtifactStore;
    readonly identity: Identity;
    readonly appender: DurableAppender;
    readonly logger: Logger | undefined;
    readonly observer?: RunObserver;
    readonly workerId: string;
    readonly settle: (entry: OpenEntry<WorkerJob>) => void;
    readonly othersMayArrive: () => boolean;
  },
  limits: RunLimits,
): InferenceRuns => {
  const { log, runtime, catalog, artifacts, identity, appender, logger, settle } = ports;
  const { now } = identity;
  const { crashesMax = 5, unwrittenMax = 20_000 } = limits;
  const answers = createAnswers(identity, '/hindcast/worker');
  const settleJob = (job: WorkerJob) => settle(job.entry);
  const results = createBatchResults({
    artifacts,
    sha256: identity.sha256,
    answers,
    appender,
    logger,
    settle: settleJob,
  });
  const attempts = createAttemptLog({ now, answers, appender, workerId: ports.workerId });
  const crashes = createCrashLedger(crashesMax);
  const inputsOf = createBatchInputs(
    { log, artifacts },
    {
      unreadable: (job, detail, startedAt) =>
        track(results.fail([job], { code: 'input_unreadable', detail }, startedAt)),
      missing: (job, detail) => held.missingInput(job.entry, detail),
    },
  );
  const quarantine = quarantineOf({ catalog, identity, appender, logger });
  /** Models whose file is missing. */
  const heldModels = createWaitingRoom<string>();
  const quarantining = new Set<string>();
  const held = createHeldEntries({ catalog, now, settle, logger });
  const underWay = new Set<Promise<void>>();
  const counts: RunCounts = { runs: 0, rows: 0, crashes: 0, quarantines: 0 };
  let stopping = false;
  let lastAttempt: Picked<WorkerJob> | undefined;
  let exclusive = false;
  let recheck: NodeJS.Timeout | undefined;
  let pumping = false;

  const scheduler = createScheduler<WorkerJob>({
    slots: runtime.slots,
    ...limits,
    limitOf(job) {
      const { entry } = job as WorkerJob;
      const version = versionOf(catalog, entry);
      if (!version || heldModels.has(job.model) || quarantining.has(job.model) || isPaused(catalog, entry))
        return 'held';
      return version.state === 'quarantined' ? quarantinedRowsMax : rowsPerRun(version);
    },
    othersMayArrive: ports.othersMayArrive,
    onOverdue: (job) => settle((job as WorkerJob).entry),
  });

  const again = (jobs: readonly WorkerJob[]) => {
    for (const job of jobs) if (isOpen(job)) scheduler.add(job);
  };
  const hold = (model: string, detail: string) => {
    heldModels.put(model, now());
    logger?.warn({ model, detail }, 'the model cannot run now; its work waits');
  };

  const enter = (entry: OpenEntry<WorkerJob>, recovered: boolean) => {
    const version = versionOf(catalog, entry);
    if (!version) {
      held.unknownModel(entry, recovered, () => lookAgain());
      return;
    }
    entry.work = createWorkerJob(entry, fitOf(entry, version), recovered);
    scheduler.add(entry.work);
  };

  const lookAgain = () => {
    if (stopping) return;
    heldModels.take(now());
    held.release(enter, scheduler.add);
    pump();
  };

  const pump = () => {
    // A run that ends at once calls back from inside the loop, which goes on anyway.
    if (pumping) return;
    pumping = true;
    while (!stopping && !exclusive && appender.pending < unwrittenMax) {
      const picked = lastAttempt ?? scheduler.pick(now());
      if (!picked) break;
      lastAttempt = undefined;
      if (picked.jobs.some(needsWorkerAlone)) {
        if (scheduler.running > 1) {
          lastAttempt = picked;
          break;
        }
        exclusive = true;
      }
      track(execute(picked));
    }
    pumping = false;
    const waits = scheduler.queued > 0 && (scheduler.running < runtime.slots || appender.pending >= unwrittenMax);
    if ((waits || held.size > 0) && !recheck && !stopping) {
      recheck = setTimeout(() => {
        recheck = undefined;
        lookAgain();
      }, recheckMs);
    }
  };

  const track = (work: Promise<void>) => {
    underWay.add(work);
    work
      .catch((err: unknown) => logger?.error({ err }, 'a run failed in an unforeseen way; its work stays open'))
      .finally(() => underWay.delete(work));
  };

  const execute = async (picked: Picked<WorkerJob>) => {
    const startedAt = now();
    let finished = false;
    const finish = (durationMs?: number) => {
      if (finished) return;
      finished = true;
      exclusive = false;
      scheduler.finished(picked, durationMs);
      pump();
    };
    try {
      const first = picked.jobs[0] as WorkerJob;
      const version = versionOf(catalog, first.entry);
      if (!version) return again(picked.jobs);
      const ending = endingOf(picked.jobs, version);
      if (ending) {
        finish();
        return await results.fail(picked.jobs, ending, startedAt);
      }
      const { jobs, inputs } = await inputsOf(picked.jobs.filter(isOpen), startedAt);
      if (!(await attempts.announce(jobs))) {
        hold(first.model, 'the log does not take the news of an attempt');
        return again(jobs);
      }
      const open = jobs.flatMap((job, i) => (isOpen(job) ? [i] : []));
      const running = open.length === jobs.length ? jobs : open.map((i) => jobs[i] as WorkerJob);
      const given = open.length === jobs.length ? inputs : open.map((i) => inputs[i]);
      if (running.length === 0) return;
      counts.runs += 1;
      counts.rows += running.length;
      const run: ActiveRun = { jobs: running, startedAt: now(), announced: false };
      attempts.watch(run);
      const result = await runBatch(runtime, version, given);
      attempts.unwatch(run);
      const elapsedMs = now() - run.startedAt;
      observeRun(ports.observer, run, result, elapsedMs);
      const taught = result.kind === 'ok' ? result.inferenceMs : elapsedMs > 1_000 ? elapsedMs : undefined;
      const durationMs = running.length === picked.jobs.length ? taught : undefined;
      // The next run need not wait for results to be made, but for what a failure says of the model.
      if (result.kind === 'ok') finish(durationMs);
      const concluded = conclude(result, running, given, run.startedAt);
      finish(durationMs);
      await concluded;
    } finally {
      finish();
    }
  };

  const endingOf = (jobs: readonly WorkerJob[], version: ModelVersion) => {
    if (version.state === 'quarantined') return quarantine.failure(version);
    return jobs[0]?.exhausted ? attemptsExhausted : undefined;
  };

  const conclude = async (
    result: RunResult,
    jobs: readonly WorkerJob[],
    inputs: readonly unknown[],
    startedAt: number,
  ): Promise<void> => {
    const first = jobs[0] as WorkerJob;
    const detail = endOfProcess(result);
    if (detail !== undefined) {
      counts.crashes += 1;
      logger?.warn({ model: first.model, rows: jobs.length, detail }, 'a run took its inference process down');
    }
    switch (result.kind) {
      case 'ok':
        crashes.succeeded(first.model);
        heldModels.delete(first.model);
        await results.succeed(jobs, inputs, result, startedAt);
        break;
      case 'split':
        for (const job of jobs) {
          countRun(job);
          job.alone = true;
          if (result.why === 'crashed') job.announce = 'runtime_crashed';
        }
        again(jobs);
        break;
      case 'crashed':
        await crashedAlone(first, result.detail, startedAt);
        break;
      case 'failed':
        await results.fail(jobs, result.error, startedAt);
        break;
      case 'held':
        hold(first.model, result.detail);
        again(jobs);
        break;
      default:
        return result satisfies never;
    }
    pump();
  };

  const crashedAlone = async (job: WorkerJob, detail: string, startedAt: number) => {
    countRun(job);
    job.alone = true;
    if (job.entry.attempts < attemptsMax) {
      job.announce = 'runtime_crashed';
      return again([job]);
    }
    const enough = crashes.failed(job.model);
    if (enough) {
      quarantining.add(job.model);
      counts.quarantines += 1;
    }
    await results.fail([job], { code: 'model_crashed', detail }, startedAt);
    if (!enough) return;
    await quarantine.append(job.entry, detail);
    quarantining.delete(job.model);
  };

  return {
    scheduler,
    counts,
    enter,
    leave(entry) {
      held.delete(entry);
      if (entry.work) scheduler.remove(entry.work);
    },
    pump,
    async drain() {
      stopping = true;
      clearTimeout(recheck);
      while (underWay.size > 0) await Promise.allSettled(underWay);
      attempts.stop();
    },
  };
};

const isOpen = (job: WorkerJob): boolean => job.entry.phase === 'open';
