import type { ArtifactStore, EventLog, Identity, Logger, ModelCatalog, ModelRuntime } from '@hindcast/domain';

/** What it takes to run the past again. */
export interface PastPorts {
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
  readonly catalog: Pick<ModelCatalog, 'version' | 'catchUp'>;
  readonly artifacts: Pick<ArtifactStore, 'get'>;
  readonly identity: Pick<Identity, 'sha256'>;
  /** A runtime for one job alone: what it does to models touches no live traffic. Stopped by whoever asked for it. */
  openRuntime(): ModelRuntime;
  /** Digest of what the file of a model holds now, undefined where there is none. */
  fileDigest(sha256: string): Promise<string | undefined>;
  /** Milliseconds, for durations alone. */
  readonly clock: () => number;
  readonly logger?: Logger | undefined;
}
