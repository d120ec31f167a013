import type { ReadinessCheck } from '@hindcast/adapters/http';
import type {
  ArtifactStore,
  BacklogBoard,
  CompletionBus,
  DatasetExtractor,
  EventLog,
  Identity,
  RateLimits,
  Reservations,
  ResultCache,
  ViewDatabase,
} from '@hindcast/domain';

/** The log as requests have it: who waits for an answer rather has none soon. */
export const requestLogOf = ({ log, requestReads }: Pick<Ports, 'log' | 'requestReads'>): EventLog => ({
  ...log,
  ...requestReads,
});

/** What every part of a process works on. The adapters behind them are all that an embedded and a distributed run differ in. */
export interface Ports {
  readonly identity: Identity;
  readonly log: EventLog;
  /** The log for requests, where that gives up sooner than for what works by itself. */
  readonly requestReads: Pick<EventLog, 'read' | 'bounds'> | undefined;
  readonly views: ViewDatabase;
  readonly artifacts: ArtifactStore;
  readonly bus: CompletionBus;
  readonly cache: ResultCache;
  readonly reservations: Reservations;
  readonly rateLimits: RateLimits;
  readonly extractor: DatasetExtractor;
  /** Folder for what the extractor puts aside. */
  readonly datasetWork: string;
  /** Other processes serve the same log. */
  readonly shared: boolean;
  /** Where they tell each other how much is open; one process alone knows. */
  readonly board: BacklogBoard | undefined;
  /** What else has to work, beside log and views. */
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  /** Resolves with an error when what this process works on is no longer its own: it would do harm beside the others. */
  readonly lost: Promise<Error> | undefined;
  /** Called before the parts are stopped: from then on no port waits long for a service that does not answer. */
  readonly hurry: (() => void) | undefined;
  close(): Promise<void>;
}
