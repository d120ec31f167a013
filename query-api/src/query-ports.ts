import type { ReadingLimits } from '@hindcast/adapters/http';
import type {
  ArtifactStore,
  AuditCrypto,
  CompletionBus,
  EventLog,
  Identity,
  JobCatalog,
  Logger,
  ResultCache,
  ViewDatabase,
  ViewReader,
} from '@hindcast/domain';

export interface QueryPorts {
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
  readonly views: ViewReader;
  readonly bus: Pick<CompletionBus, 'subscribe'>;
  readonly cache: Pick<ResultCache, 'get' | 'put'>;
  /** Payloads that are too large for the log. */
  readonly artifacts: Pick<ArtifactStore, 'get' | 'has' | 'localPath'>;
  readonly jobs: Pick<JobCatalog, 'get' | 'list' | 'catchUp' | 'subscribe'>;
  readonly projections: Pick<ViewDatabase, 'generations'>;
  readonly identity: Pick<Identity, 'now' | 'sha256' | 'idFromText'>;
  readonly auditCrypto: Pick<AuditCrypto, 'sha256'>;
  readonly logger: Logger;
}

/** Bounds of the query side. Tests make them shorter. */
export interface QueryLimits extends ReadingLimits {
  readonly heartbeatMs: number;
  /** A stream whose client takes nothing for this long is cut. */
  readonly stalledMsMax: number;
  readonly streamsMax: number;
  readonly waitsMax: number;
  readonly replaysMax: number;
}

export const queryLimits: QueryLimits = {
  viewWaitMsMax: 5_000,
  viewPollMs: 25,
  rereadMs: 1_000,
  heartbeatMs: 15_000,
  stalledMsMax: 60_000,
  streamsMax: 1_000,
  waitsMax: 10_000,
  replaysMax: 8,
};
