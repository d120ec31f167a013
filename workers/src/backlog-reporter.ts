import { type BacklogBoard, type Identity, type Logger, type PartitionBacklog, startRounds } from '@hindcast/domain';
import type { InferenceWorker } from './inference-worker.ts';
import type { Keeper } from './keeper.ts';

export interface BacklogReporterPorts {
  readonly board: Pick<BacklogBoard, 'reportPartitions' | 'reportWorker' | 'removeWorker'>;
  /** Those of the two that this process has. */
  readonly keeper?: Pick<Keeper, 'backlogs'> | undefined;
  readonly worker?: Pick<InferenceWorker, 'waits'> | undefined;
  readonly identity: Pick<Identity, 'now' | 'newId'>;
  readonly logger?: Logger;
}

/** A change is told after this time at the latest. */
const changesMs = 200;
/** What has not changed is told again after this time: the board may have been emptied, and silence is death. */
const repeatMs = 2_000;

interface Told<Report> {
  readonly report: Report;
  readonly text: string;
  readonly at: number;
}

/** Keeps the board told of the backlog of this process, until it is stopped. */
export const startBacklogReporter = ({
  board,
  keeper,
  worker,
  identity,
  logger,
}: BacklogReporterPorts): { stop(): Promise<void> } => {
  const id = identity.newId();
  const partitions = new Map<number, Told<PartitionBacklog>>();
  let waits: Told<unknown> | undefined;
  let beat = 0;

  const news = <Report>(before: Told<Report> | undefined, report: Report): Told<Report> | undefined => {
    const at = identity.now();
    const text = JSON.stringify(report);
    return before?.text === text && Math.abs(at - before.at) < repeatMs ? undefined : { report, text, at };
  };
  const tellPartitions = async (reports: readonly PartitionBacklog[]): Promise<void> => {
    const fresh = reports.flatMap((report) => news(partitions.get(report.partition), report) ?? []);
    if (fresh.length === 0) return;
    await board.reportPartitions(fresh.map(({ report }) => report));
    for (const told of fresh) partitions.set(told.report.partition, told);
  };
  const tellWaits = async (report: ReturnType<InferenceWorker['waits']>): Promise<void> => {
    const fresh = news(waits, report);
    if (!fresh) return;
    beat += 1;
    await board.reportWorker({ worker: id, beat, ...report });
    waits = fresh;
  };
  const rounds = startRounds(
    async () => {
      if (keeper) await tellPartitions(keeper.backlogs());
      if (worker) await tellWaits(worker.waits());
    },
    { pauseMs: changesMs, logger, failure: 'The doors could not be told how much is open here.' },
  );

  return {
    async stop() {
      await rounds.stop();
      if (!worker) return;
      await board.removeWorker(id).catch((err: unknown) => {
        logger?.warn({ err }, 'The doors could not be told that this worker leaves: they find out.');
      });
    },
  };
};
