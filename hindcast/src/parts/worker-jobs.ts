import { createOnnxRuntime } from '@hindcast/adapters/onnx';
import { type Logger, type ModelCatalog, verificationKind } from '@hindcast/domain';
import { createVerificationHandler, type JobRunner, type PastPorts, startJobRunner } from '@hindcast/workers';
import type { Config } from '../settings.ts';
import { artifactDigest } from './artifact-digest.ts';
import type { Ports } from './ports.ts';

/** Long work that shares a process with live predictions: the rest waits. */
const concurrency = 2;

/** Runs the jobs that need models or what is recorded of them, in any process that is a worker. */
export const startWorkerJobs = (
  { log, identity, artifacts }: Ports,
  catalog: ModelCatalog,
  config: Config,
  logger: Logger,
): Promise<JobRunner> => {
  const past: PastPorts = {
    ...{ log, identity, artifacts, catalog, logger },
    clock: () => performance.now(),
    fileDigest: artifactDigest(artifacts),
    // A process of its own for each job: it may crash or be slow without a live prediction noticing.
    openRuntime: () =>
      createOnnxRuntime({
        artifactPath: (sha256) => artifacts.localPath(sha256),
        children: 1,
        childMemoryBytesMax: config.modelMemoryBytes,
        logger,
      }),
  };
  const handlers = { [verificationKind]: createVerificationHandler(past) };
  return startJobRunner({ log, identity, logger }, { group: 'worker-jobs', handlers, concurrency });
};
