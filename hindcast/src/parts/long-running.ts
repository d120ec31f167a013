import { nodeAuditCrypto } from '@hindcast/adapters/node';
import { createOnnxRuntime } from '@hindcast/adapters/onnx';
import {
  type JobCatalog,
  type Logger,
  type ModelCatalog,
  type ModelRuntime,
  openJobCatalog,
  openModelCatalog,
} from '@hindcast/domain';
import { createProjections, type Projections } from '@hindcast/projectors';
import {
  createDatasetJobs,
  type InferenceWorker,
  type Keeper,
  type Notary,
  openSetMaxOf,
  startBacklogReporter,
  startInferenceWorker,
  startJobRunner,
  startKeeper,
  startNotary,
} from '@hindcast/workers';
import type { Config } from '../settings.ts';
import { openAuditKey } from './audit-key.ts';
import { claimDatasetWork } from './claim-dataset-work.ts';
import { datasetNotesIn } from './dataset-notes.ts';
import { sweepDatasetWork, withTidyWork } from './dataset-work.ts';
import { heldBy } from './missing-files.ts';
import { type Ports, requestLogOf } from './ports.ts';
import type { PredictionMetrics } from './prediction-metrics.ts';
import type { Role } from './roles.ts';
import type { UndoStack } from './undo-stack.ts';
import { startWorkerJobs } from './worker-jobs.ts';

/** What runs in a process beside its server, by what the process is for. */
export interface LongRunning {
  readonly catalog: ModelCatalog;
  readonly jobs: JobCatalog;
  /** Of those who try models, or run them. */
  readonly runtime: ModelRuntime | undefined;
  readonly projections: Projections | undefined;
  readonly keeper: Keeper | undefined;
  /** undefined where nothing is signed, or another process signs. */
  readonly notary: Notary | undefined;
  readonly worker: InferenceWorker | undefined;
}

export const startLongRunning = async (
  ports: Ports,
  roles: ReadonlySet<Role>,
  config: Config,
  logger: Logger,
  { keep }: UndoStack,
  metrics: PredictionMetrics,
): Promise<LongRunning> => {
  const { log, views, artifacts, bus, cache, identity, extractor, datasetWork } = ports;
  // Requests wait for the catalogs.
  const catalog = keep(await openModelCatalog(requestLogOf(ports)));
  const jobs = keep(await openJobCatalog(requestLogOf(ports)));
  // The door bounds what is open; worker and keeper have room for all of it, so that no flood holds up another model.
  const openMax = openSetMaxOf(config.openMax);

  const startRuntime = () =>
    createOnnxRuntime({
      artifactPath: (sha256) => artifacts.localPath(sha256),
      // A door tries one model at a time.
      children: roles.has('worker') ? config.children : 1,
      childMemoryBytesMax: config.modelMemoryBytes,
      logger,
    });
  const startProjections = async () => {
    const shared = ports.shared ? { member: identity.newId() } : {};
    const projections = keep(createProjections({ log, views, bus, cache, logger, ...identity }, shared));
    await projections.start();
    keep(
      await startJobRunner(
        { log, identity, logger },
        { group: 'projection-jobs', handlers: projections.jobHandlers, concurrency: 1 },
      ),
    );
    return projections;
  };
  const startDatasetJobs = async () => {
    await sweepDatasetWork(datasetWork, jobs).catch((err: unknown) => {
      logger.warn({ err }, 'What earlier cuts of data sets have left could not be removed.');
    });
    const { redactionKey } = config;
    const handlers = createDatasetJobs({
      ...{ log, artifacts, extractor, identity, redactionKey },
      crypto: nodeAuditCrypto,
      claim: claimDatasetWork(datasetWork),
      notes: datasetNotesIn(datasetWork),
    });
    const tidy = withTidyWork(handlers, datasetWork, jobs);
    return startJobRunner({ log, identity, logger }, { group: 'dataset-jobs', handlers: tidy, concurrency: 1 });
  };
  const startKeeping = () =>
    startKeeper(
      { log, identity, logger, heldBy: heldBy(catalog, artifacts), onEnded: metrics.ended },
      { group: 'keepers', openMax },
    );

  const startSigning = async () => {
    const signingKey = await openAuditKey(config, logger);
    if (!signingKey) return undefined;
    return keep(
      await startNotary({ log, crypto: nodeAuditCrypto, signingKey, identity, logger }, { group: 'notaries' }),
    );
  };

  const runtime = roles.has('worker') || roles.has('command-api') ? keep(startRuntime()) : undefined;
  const projections = roles.has('projector') ? await startProjections() : undefined;
  const keeper = roles.has('projector') ? keep(await startKeeping()) : undefined;
  if (roles.has('worker')) keep(await startDatasetJobs());
  const notary = roles.has('projector') ? await startSigning() : undefined;
  const worker =
    roles.has('worker') && runtime
      ? keep(
          await startInferenceWorker(
            { log, runtime, catalog, artifacts, identity, logger, observer: metrics },
            { group: 'workers', openMax },
          ),
        )
      : undefined;
  if (worker) await startWorkerJobs(ports, { catalog, jobs }, config, logger, { keep });
  if (ports.board && (keeper || worker)) {
    keep(startBacklogReporter({ board: ports.board, keeper, worker, identity, logger }));
  }
  return { catalog, jobs, runtime, projections, keeper, notary, worker };
};
