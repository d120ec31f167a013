import {
  backtestKind,
  type JobCatalog,
  type Logger,
  type ModelCatalog,
  shadowKind,
  verificationKind,
} from '@hindcast/domain';
import {
  type BacktestPorts,
  createBacktestHandler,
  createShadowHandler,
  createVerificationHandler,
  startJobRunner,
  startVerificationSchedule,
} from '@hindcast/workers';
import type { Config } from '../settings.ts';
import { pastPortsOf } from './past-ports.ts';
import type { Ports } from './ports.ts';
import type { UndoStack } from './undo-stack.ts';

/** Long work that shares a process with live predictions: the rest waits. */
const concurrency = 2;

/** Shadows run until they are canceled: they take no place from work that ends. */
const shadowsMax = 4;
/** Nobody waits for what is done by the hour. */
const scheduledRowsPerSecondMax = 500;

/** Runs the jobs that need models or what is recorded of them, in any process that is a worker. */
export const startWorkerJobs = async (
  { log, identity, artifacts, views }: Ports,
  { catalog, jobs }: { readonly catalog: ModelCatalog; readonly jobs: JobCatalog },
  config: Config,
  logger: Logger,
  { keep }: Pick<UndoStack, 'keep'>,
): Promise<void> => {
  const past: BacktestPorts = {
    ...pastPortsOf({ log, identity, artifacts, catalog, logger }, config),
    ...{ artifacts, views },
  };
  const handlers = {
    [verificationKind]: createVerificationHandler(past),
    [backtestKind]: createBacktestHandler(past),
  };
  const shadows = { [shadowKind]: createShadowHandler(past) };
  const ports = { log, identity, logger };
  keep(await startJobRunner(ports, { group: 'worker-jobs', handlers, concurrency }));
  keep(await startJobRunner(ports, { group: 'shadow-jobs', handlers: shadows, concurrency: shadowsMax }));
  if (config.verifySample > 0) {
    keep(
      startVerificationSchedule(
        { ...ports, jobs },
        { share: config.verifySample, rowsPerSecondMax: scheduledRowsPerSecondMax },
      ),
    );
  }
};
