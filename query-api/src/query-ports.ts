import type { ReadingLimits } from '@hindcast/adapters/http';
import type {
  ArtifactStore,
  AuditCrypto,
  CompletionBus,
  EventLog,
  Identity,
  Logger,
  ProjectionName,
  ResultCache,
  ViewGeneration,
  ViewReader,
} from '@hindcast/domain';

/** How far a rebuild has come. Forgotten when the process that runs it ends. */
export interface RebuildProgress {
  readonly id: string;
  readonly kind: 'rebuild' | 'dryRun' | 'undo';
  readonly projection: ProjectionName;
  readonly generation: number;
  /** `done` and `failed` are final. */
  readonly phase: string;
  /** Records folded so far, and those that the log held at the last look. */
  readonly folded: number;
  readonly total: number;
  readonly ratePerSecond: number;
  /** Until the fold is done, undefined where nothing is known yet. */
  readonly etaMs: number | undefined;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly error?: string;
  readonly report?: RebuildReport;
}

/** What became of a rebuild that is done; an undo has none. */
export interface RebuildReport {
  readonly promoted: boolean;
  /** By view; undefined where the live views are of another log, so that there is nothing to compare with. */
  readonly verification: Readonly<Record<string, RebuildComparison>> | undefined;
}

/** Documents of one view, compared between the live generation and the one that was built. */
export interface RebuildComparison {
  readonly equal: number;
  readonly different: number;
  readonly onlyLive: number;
  readonly onlyBuilt: number;
  /** Moved on while they were looked at. */
  readonly moving: number;
  /** Some keys of those that differ or that only one side has. */
  readonly examples: readonly string[];
}

/** What the projectors know of themselves. */
export interface ProjectionsReader {
  generations(): Promise<readonly ViewGeneration[]>;
  rebuild(projection: ProjectionName, id: string): Promise<RebuildProgress | undefined>;
}

export interface QueryPorts {
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
  readonly views: ViewReader;
  readonly bus: Pick<CompletionBus, 'subscribe'>;
  readonly cache: Pick<ResultCache, 'get' | 'put'>;
  /** Payloads that are too large for the log. */
  readonly artifacts: Pick<ArtifactStore, 'get'>;
  readonly projections: ProjectionsReader;
  readonly identity: Pick<Identity, 'now' | 'sha256'>;
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
