import type { ModelVersion } from './evolve-model.ts';
import type { EndedPrediction } from './evolve-prediction.ts';
import type { Datatype } from './signature/model-signature.ts';
import type { PredictionDoc } from './view-store.ts';

/** Milliseconds since 1970. */
export type Clock = () => number;
/** A new UUIDv7, in text form: ids sort by the time they were made. */
export type NewId = () => string;
/** UUIDv5 of a text in Hindcast's own namespace: the id that an idempotency key stands for. */
export type IdFromText = (text: string) => string;
/** sha256 in lower-case hex. A text is hashed as UTF-8. */
export type Sha256 = (data: string | Uint8Array) => string;

export interface Identity {
  readonly now: Clock;
  readonly newId: NewId;
  readonly idFromText: IdFromText;
  readonly sha256: Sha256;
}

/** The part of pino that long-running parts use. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** A part of a process that runs until it is stopped. */
export interface Running {
  /** Resolves when everything that the log held at the time of the call is folded. */
  whenCaughtUp(): Promise<void>;
  /** Takes no more work, finishes or gives back what it has, and resolves. */
  stop(): Promise<void>;
}

/**
 * Announces folded documents. Published only after the status view acknowledged them, so that nobody hears of a result
 * that a cancel had beaten. A notice may be lost or come late: whoever waits also re-reads.
 */
export interface CompletionBus {
  publish(docs: readonly PredictionDoc[]): void;
  /** Every later change of one prediction. Returns the way to stop listening. */
  subscribe(key: string, listener: (doc: PredictionDoc) => void): () => void;
}

/** A document whose prediction has ended: it never changes in a way that a reader of its result could see. */
export type EndedDoc = PredictionDoc & { readonly state: EndedPrediction };

/** Ended predictions, kept for quick reads. May forget anything at any moment. */
export interface ResultCache {
  get(key: string): Promise<EndedDoc | undefined>;
  put(docs: readonly EndedDoc[]): Promise<void>;
  /** A label changes the document of an ended prediction. */
  drop(keys: readonly string[]): Promise<void>;
}

/**
 * Claims on idempotency keys, between the moment a request comes in and the moment the view knows it. May be lost, and say
 * so: the fold settles what then slips through. One of which nothing more was heard for `claimMs` can be taken over,
 * by somebody who is not sure; all are forgotten after `claimKeptMs`.
 */
export interface Reservations {
  /** `token` names this claim, and no other: who asks again, because no answer came, holds what he held. */
  reserve(key: string, token: string, hash: string): Promise<Claim>;
  /** false where that claim is over, or nobody can say: another request may have been accepted under the key. */
  accept(key: string, token: string, accepted: string): Promise<boolean>;
  /** Lets the key go, if that claim still holds it. One that was taken over is doubted: who had it before may still append. */
  release(key: string, token: string): Promise<void>;
  /**
   * Lets the key go where a request may be in the log although nobody was told so: claims on it are not sure, and one
   * that is taken already is accepted no more, for `claimKeptMs`. Not only for who holds it.
   */
  doubt(key: string, token: string): Promise<void>;
}
/**
 * `held` tells who holds the key; otherwise it is now held by who asked. Not `sure`: an earlier claim may have been lost,
 * or another process may have made one that cannot be seen from here, so that only the fold knows whose request wins.
 */
export type Claim = ClaimFacts & ({ readonly held: false } | { readonly held: true; readonly by: Reservation });
interface ClaimFacts {
  readonly sure: boolean;
  /** No other process can see this claim. */
  readonly alone?: true;
  /** Claims of before may have been lost. By the clock of `performance.now`; not there where none was lost. */
  readonly wholeSince?: number;
}
export interface Reservation {
  readonly hash: string;
  /** What the holder stored once its request was in the log, as text. */
  readonly accepted: string | undefined;
}

/** Immutable files by digest: models, payloads over the size of an event, later data sets. */
export interface ArtifactStore {
  /**
   * Durable when it resolves. Refuses with `ArtifactTooLarge` and leaves nothing behind when the source exceeds
   * `bytesMax`. Putting the same content twice is one artifact.
   */
  put(source: AsyncIterable<Uint8Array>, bytesMax: number): Promise<{ sha256: string; bytes: number }>;
  /**
   * Content that is not what was put ends with `ArtifactDamaged` before its last chunk, so that nobody takes it for whole.
   * It is then set aside where this can be written: the store has no such artifact any more, until it is put again.
   */
  get(sha256: string): Promise<AsyncIterable<Uint8Array> | undefined>;
  /** Without fetching it. */
  has(sha256: string): Promise<boolean>;
  /** Path of a local copy to hand to another process, undefined where there is no such artifact. Its content is not looked at. */
  localPath(sha256: string): Promise<string | undefined>;
}

export class ArtifactTooLarge extends Error {
  readonly bytesMax: number;

  constructor(bytesMax: number) {
    super(`The artifact is larger than ${bytesMax} bytes.`);
    this.name = 'ArtifactTooLarge';
    this.bytesMax = bytesMax;
  }
}

export class ArtifactDamaged extends Error {
  constructor(sha256: string, actual: string) {
    super(`The content of artifact ${sha256} has the digest ${actual}: the store has damaged it.`);
    this.name = 'ArtifactDamaged';
  }
}

/** How much work waits: what the door needs to refuse work that could not end in time, or that is too much. */
export interface Backlog {
  /**
   * Expected ms until a prediction accepted now would end: open ones of that version times learned cost; 0 where nothing
   * is known.
   */
  expectedWaitMs(tenant: string, model: string, version: Pick<ModelVersion, 'version' | 'sha256'>): number;
  /** Predictions of all models that are accepted and have not ended, whether or not a worker has them. */
  open(): number;
  /** Those of one model, all its versions together. */
  openOf(tenant: string, model: string): number;
  /** The first offset of a partition that is not in these counts yet: they follow the log, a little behind it. */
  countedTo(partition: number): number;
  /** Only where there are several doors. */
  readonly shared?: SharedBacklog;
}

/**
 * What a door does that is one of several. Its `open` and `openOf` count as open, beside what is, what is kept free for
 * the other doors.
 */
export interface SharedBacklog {
  /** Its name, which goes into the headers of what it accepts. */
  readonly door: string;
  readonly claims: DoorClaims;
}

/** What a door knows of claims on keys that others cannot see. */
export interface DoorClaims {
  /** false where another door may claim a key by itself. */
  sure(): boolean;
  /**
   * Until then doors may have claimed where this one could not see it: what they accepted is known to those alone who know
   * the log of that time. By the clock of `performance.now`.
   */
  unseenUntil(): number;
  /** Tells the other doors that this one claims keys by itself. true once each of them knows, or knows that it does not know. */
  mayClaimAlone(): boolean;
}

/** float16 as its bits in a Uint16Array, bool as 0 and 1 in a Uint8Array. */
export type TensorData =
  | Float32Array
  | Float64Array
  | Uint16Array
  | Int8Array
  | Int16Array
  | Int32Array
  | BigInt64Array
  | Uint8Array
  | Uint32Array
  | BigUint64Array
  | string[];

/** Row-major; the product of `shape` is the length of `data`. */
export interface Tensor {
  readonly name: string;
  readonly datatype: Datatype;
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export type RunOutcome =
  | {
      readonly ok: true;
      readonly outputs: readonly Tensor[];
      readonly inferenceMs: number;
      readonly runtime: string;
      readonly threads: number;
    }
  | {
      readonly ok: false;
      /**
       * `rejected`: the model refused this input (the runtime's own words in `detail`); `crashed`: the process died;
       * `timed_out`: it was killed after `timeoutMs`; `artifact_missing`: try again later; `stopped`: the runtime is closing.
       */
      readonly reason: 'rejected' | 'crashed' | 'timed_out' | 'load_failed' | 'artifact_missing' | 'stopped';
      readonly detail: string;
    };

/** What a model file says of itself, before Hindcast derives a signature from it. */
export interface ModelFile {
  readonly irVersion: number;
  readonly opset: Readonly<Record<string, number>>;
  readonly metadata: Readonly<Record<string, string>>;
  /** Labels of the one classifier in the graph, in the order of its scores. */
  readonly classes?: readonly string[];
  readonly inputs: readonly ValueInfo[];
  readonly outputs: readonly ValueInfo[];
  readonly replayable: boolean;
}
/** `kind: 'tensor'` has a datatype; sequences, maps and optionals have none. A dimension: a size, a name, or null. */
export interface ValueInfo {
  readonly name: string;
  readonly kind: 'tensor' | 'sequence' | 'map' | 'optional';
  readonly datatype?: Datatype;
  readonly shape?: readonly (number | string | null)[];
}

/** Why a file is no model for Hindcast, with the fix in `detail`. */
export interface ModelRefusal {
  readonly code: string;
  readonly detail: string;
}

/**
 * Runs models away from this process: a model that crashes, hangs or eats memory takes only its own run with it.
 */
export interface ModelRuntime {
  /** How many runs can be under way at once. */
  readonly slots: number;
  /** Reads the file without trusting it and loads it once. */
  inspect(path: string): Promise<{ ok: true; file: ModelFile } | { ok: false; refusal: ModelRefusal }>;
  /** Never throws for what a model does. At most `slots` at once: the caller counts. */
  run(
    model: { readonly sha256: string },
    inputs: readonly Tensor[],
    options: { readonly timeoutMs: number },
  ): Promise<RunOutcome>;
  /** Loads ahead of the first run. */
  warm(sha256: string): Promise<void>;
  stop(): Promise<void>;
}
