import {
  type ArtifactStore,
  type Backlog,
  type EventLog,
  type Identity,
  type Logger,
  type ModelCatalog,
  type ModelRuntime,
  type Running,
  TOPICS,
  type WorkerReport,
} from '@hindcast/domain';
import { createDurableAppender } from './durable-append.ts';
import { createInferenceRuns } from './inference-runs.ts';
import { largest } from './largest.ts';
import type { RunObserver } from './observe-run.ts';
import { createOpenCounts } from './open-counts.ts';
import type { OpenEntry } from './open-set.ts';
import type { PartitionDesk } from './partition-desk.ts';
import { createPartitionDesks, openSetMaxDefault } from './partition-desks.ts';
import type { RunCounts, RunLimits } from './run-limits.ts';
import { settledWithin } from './settled-within.ts';
import type { WorkerJob } from './worker-job.ts';

export interface InferenceWorkerPorts {
  readonly log: EventLog;
  readonly runtime: ModelRuntime;
  readonly catalog: ModelCatalog;
  readonly artifacts: ArtifactStore;
  readonly identity: Identity;
  readonly logger?: Logger;
  readonly observer?: RunObserver;
}

export interface InferenceWorkerOptions extends RunLimits {
  readonly group: string;
  /** Whose requests it runs. Workers of different pools need groups of their own. */
  readonly pools?: readonly string[] | 'all';
  /** Open predictions in memory, over all partitions; a partition that has its share is paused until there is room. */
  readonly openMax?: number;
  /** Inputs kept in memory; those beyond are read from the log again when they are run. */
  readonly payloadBytesMax?: number;
  /** Longest time that `stop` waits for runs, and for the log to take their results. */
  readonly stopMsMax?: number;
  /** Name in attempts. */
  readonly workerId?: string;
}

export interface InferenceWorkerStats extends RunCounts {
  readonly partitions: number;
  readonly paused: number;
  readonly open: number;
  readonly queued: number;
  readonly running: number;
  /** Results on their way to the log. */
  readonly unwritten: number;
  readonly payloadBytes: number;
}

export type InferenceWorker = Running &
  Pick<Backlog, 'expectedWaitMs' | 'open'> & {
    stats(): InferenceWorkerStats;
    /** What the doors need to know of the work that waits here. */
    waits(): Pick<WorkerReport, 'waits' | 'knows'>;
  };

const lookAheadRetryMs = 1_000;
/** Versions whose waits are told. */
const waitsMax = 500;

/**
 * Runs what the log asks for. Handlers only file events: runs are started from the open set, and never before the
 * partition was read to the end that it had when it was assigned.
 */
export const startInferenceWorker = async (
  ports: InferenceWorkerPorts,
  options: InferenceWorkerOptions,
): Promise<InferenceWorker> => {
  const { log, catalog, identity, logger } = ports;
  const {
    group,
    pools = 'all',
    openMax = openSetMaxDefault,
    payloadBytesMax = 67_108_864,
    stopMsMax = 10_000,
  } = options;
  const counts = createOpenCounts(({ model, version }) => versionName(model, version));
  const tenants = new Set<string>();
  const budget = { bytesMax: payloadBytesMax, bytes: 0 };
  const appender = createDurableAppender(log, logger);
  let stopping = false;
  let pumpDue = false;

  await catalog.catchUp();
  const partitions = (await log.bounds(TOPICS.predictions)).length;
  const filter = { partitions, pools: pools === 'all' ? pools : new Set(pools), imported: false };
  const runs = createInferenceRuns(
    {
      ...ports,
      logger,
      appender,
      workerId: options.workerId ?? identity.newId(),
      settle: (entry) => desks.settle(entry),
      othersMayArrive: () => tenants.size > 1 || [...tenants].some((tenant) => catalog.names(tenant).length > 1),
    },
    options,
  );

  /** A full set can be worked on only when what lies behind it in the log is known too. */
  const becomeReady = async (partition: number, desk: PartitionDesk<WorkerJob>) => {
    while (!stopping && !desk.ready && desks.all.get(partition) === desk) {
      if (await desk.lookAhead(desk.endAtAssignment)) break;
      await new Promise((resolve) => setTimeout(resolve, lookAheadRetryMs));
    }
    desks.regulate(partition, desk);
    runs.pump();
  };
  const opened = (entry: OpenEntry<WorkerJob>) => {
    counts.opened(entry);
    if (tenants.size < tenantsMax) tenants.add(entry.tenant);
  };
  const closed = (entry: OpenEntry<WorkerJob>) => {
    runs.leave(entry);
    counts.closed(entry);
  };

  /** The partitions hand out their records one after another: what they bring within one turn shares a run. */
  const pumpSoon = () => {
    if (pumpDue) return;
    pumpDue = true;
    setImmediate(() => {
      pumpDue = false;
      runs.pump();
    });
  };

  const desks = createPartitionDesks<WorkerJob>({
    ...{ log, logger, group, openMax, filter, payloads: budget },
    onReady: runs.enter,
    onOpened: opened,
    onClosed: closed,
    onFull: (partition, desk) => void becomeReady(partition, desk),
    onTaken: pumpSoon,
    stopping: () => stopping,
  });
  const msUntilDone = (sha256: string, open: number): number => {
    const cost = runs.scheduler.costOf(sha256);
    return cost ? (open * cost.perRowMs()) / runs.scheduler.slotsOf(sha256) : 0;
  };
  await desks.start();

  return {
    whenCaughtUp: desks.whenCaughtUp,
    async stop() {
      stopping = true;
      await settledWithin(runs.drain(), stopMsMax);
      appender.giveUp();
      await desks.stop();
    },
    expectedWaitMs: (tenant, model, { version, sha256 }) =>
      msUntilDone(sha256, counts.of(tenant, versionName(model, version))),
    waits() {
      const waits = counts.list().map(({ tenant, name, open }) => {
        const at = name.lastIndexOf('@');
        const [model, version] = [name.slice(0, at), Number(name.slice(at + 1))];
        const known = catalog.version(tenant, model, version);
        return { tenant, model, version, ms: known ? msUntilDone(known.sha256, open) : 0 };
      });
      return {
        waits: largest(waits, waitsMax, ({ ms }) => ms).filter(({ ms }) => ms > 0),
        knows: runs.scheduler.known(),
      };
    },
    open: () => counts.open,
    stats: () => ({
      ...runs.counts,
      partitions: desks.all.size,
      paused: desks.paused,
      open: counts.open,
      queued: runs.scheduler.queued,
      running: runs.scheduler.running,
      unwritten: appender.pending,
      payloadBytes: budget.bytes,
    }),
  };
};

const versionName = (model: string, version: number): string => `${model}@${version}`;

/** Tenants whose models are asked for; beyond that there are surely others. */
const tenantsMax = 1_000;
