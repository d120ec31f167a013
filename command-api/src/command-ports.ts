import type { OpenEnds, PredictionReading } from '@hindcast/adapters/http';
import type {
  ArtifactStore,
  Backlog,
  CompletionBus,
  DatasetExtractor,
  EventLog,
  Identity,
  JobCatalog,
  Logger,
  ModelCatalog,
  ModelRuntime,
  ModelSettings,
  Reservations,
  ResultCache,
  ViewDatabase,
  ViewReader,
} from '@hindcast/domain';
import type { Admission } from './admission.ts';

export interface CommandPorts {
  readonly log: Pick<EventLog, 'append' | 'read' | 'bounds'>;
  readonly catalog: Pick<ModelCatalog, 'get' | 'names' | 'catchUp' | 'behind'>;
  readonly views: ViewReader;
  readonly bus: Pick<CompletionBus, 'subscribe'>;
  readonly cache: Pick<ResultCache, 'get' | 'put'>;
  readonly reservations: Reservations;
  readonly artifacts: ArtifactStore;
  /** Inspects and tries models at registration, one at a time. */
  readonly runtime: Pick<ModelRuntime, 'inspect' | 'run'>;
  readonly backlog: Backlog;
  readonly identity: Identity;
  readonly logger: Logger;
  /** Told of predictions that the log has taken. Counting is all that it may do. */
  readonly onAccepted?: (model: string, predictions: number) => void;
  /** Whether requests should come here, for clients that ask in the way of the Open Inference Protocol. */
  readonly ready?: () => Promise<boolean>;
  readonly jobs: Pick<JobCatalog, 'get' | 'list' | 'open' | 'catchUp'>;
  readonly projections: Pick<ViewDatabase, 'generations'>;
  /** What cuts data sets, as the processes that run jobs have it too. */
  readonly datasets: {
    readonly extractor: Pick<DatasetExtractor, 'name' | 'formats'>;
    readonly redactionKeyId: string | undefined;
  };
}

/** Bounds of the command side. */
export interface CommandLimits {
  /** Larger events put their input into the artifact store. */
  readonly eventBytesMax: number;
  readonly contextBytesMax: number;
  /** Body of one prediction, and of many. */
  readonly predictionBytesMax: number;
  readonly batchBytesMax: number;
  readonly modelBytesMax: number;
  readonly deadlineMsMax: number;
  /** Predictions of all models that may be open at once; one model may have half of them. */
  readonly openMax: number;
  /** Waits that may be under way at once; further requests are answered without waiting. */
  readonly waitsMax: number;
  /** Waits look again this often, all of them together, so that a lost notice costs one no more than twice that. */
  readonly rereadMs: number;
  /** How long a command waits for the view to show what became of it. */
  readonly outcomeWaitMs: number;
  /** Pause between two looks at the checkpoint of a view that is behind. */
  readonly viewPollMs: number;
  readonly trialTimeoutMs: number;
  /** Jobs that may wait or run at once: every process that knows of jobs holds all of them. */
  readonly jobsOpenMax: number;
  /** Registrations that may queue for the one that is under way. */
  readonly registrationsMax: number;
  readonly modelDefaults: ModelSettings;
  /** Of an upload of many lines, and how many may be under way at once. */
  readonly uploadLinesMax: number;
  readonly uploadBytesMax: number;
  readonly uploadsMax: number;
  readonly labelLineBytesMax: number;
  readonly importLineBytesMax: number;
  /** Predictions that one label may be given to, and those of an entity that are looked through for it. */
  readonly labelMatchesMax: number;
  readonly labelLookedAtMax: number;
}

export const commandLimits: CommandLimits = {
  eventBytesMax: 262_144,
  contextBytesMax: 65_536,
  predictionBytesMax: 1_048_576,
  batchBytesMax: 16_777_216,
  modelBytesMax: 536_870_912,
  deadlineMsMax: 7 * 86_400_000,
  openMax: 100_000,
  waitsMax: 10_000,
  rereadMs: 1_000,
  outcomeWaitMs: 5_000,
  viewPollMs: 25,
  trialTimeoutMs: 30_000,
  jobsOpenMax: 1_000,
  registrationsMax: 8,
  modelDefaults: { pool: 'default', deadlineMs: 60_000, timeoutMs: 10_000, batchMax: 1_000 },
  uploadLinesMax: 100_000,
  uploadBytesMax: 67_108_864,
  uploadsMax: 8,
  labelLineBytesMax: 16_384,
  importLineBytesMax: 1_048_576,
  labelMatchesMax: 100,
  labelLookedAtMax: 10_000,
};

/** What every part of the command side works with. */
export interface CommandContext {
  readonly ports: CommandPorts;
  readonly limits: CommandLimits;
  readonly tenant: string;
  readonly reading: PredictionReading;
  readonly admission: Admission;
  /** Requests that wait for the view to show what was accepted. */
  readonly waits: OpenEnds;
  /** Resolves once the view knows all that is in the log now. */
  readonly viewPasses: () => Promise<void>;
}

/** The kind of process that appends these events. */
export const eventSource = '/hindcast/command-api';
