import { createOnnxRuntime } from '@hindcast/adapters/onnx';
import type { ArtifactStore } from '@hindcast/domain';
import type { PastPorts } from '@hindcast/workers';
import type { Config } from '../settings.ts';
import { artifactDigest } from './artifact-digest.ts';

/** What it takes to run the past again, with models in processes of their own. */
export const pastPortsOf = (
  given: Pick<PastPorts, 'log' | 'catalog' | 'identity' | 'logger'> & {
    readonly artifacts: Pick<ArtifactStore, 'get' | 'localPath'>;
  },
  { modelMemoryBytes }: Pick<Config, 'modelMemoryBytes'>,
): PastPorts => ({
  ...given,
  clock: () => performance.now(),
  fileDigest: artifactDigest(given.artifacts),
  // A process of its own for each job: it may crash or be slow without a live prediction noticing.
  openRuntime: () =>
    createOnnxRuntime({
      artifactPath: (sha256) => given.artifacts.localPath(sha256),
      children: 1,
      childMemoryBytesMax: modelMemoryBytes,
      ...(given.logger && { logger: given.logger }),
    }),
});
