import type { LabelsState } from './evolve-labels.ts';
import type { ModelState } from './evolve-model.ts';
import type { PredictionState, PredictionStatus } from './evolve-prediction.ts';
import type { QualitySums } from './quality/quality-sums.ts';

/**
 * The fold of a key failed for good at `offset`. Its document stays as it was before, later events of the key go to the
 * dead letters behind the first one, and a rebuild with a repaired program folds them all.
 */
export interface Parked {
  readonly offset: number;
  readonly detail: string;
}

/** The status view: one document per prediction. `pos` is the offset of the last record folded into it. */
export interface PredictionDoc {
  readonly key: string;
  readonly tenant: string;
  readonly id: string;
  readonly epoch: number;
  readonly partition: number;
  readonly pos: number;
  readonly state: PredictionState;
  readonly parked?: Parked;
}

/** Upper bounds, in ms, of the buckets that count submit-to-end durations; the last bucket has no bound. */
export const durationBucketsMs = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 60_000, 600_000,
] as const;

/**
 * The statistics view: one document per tenant, model version, hour and partition, so that no two projectors write the
 * same one. Sums over partitions are made when it is read. Derived from accepted transitions of the status view.
 */
export interface PredictionStatsDoc {
  /** `tenant/model@version|hour|p<partition>`: the hour, in ms since 1970, in which the log stored the transition. */
  readonly key: string;
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly hour: number;
  readonly partition: number;
  readonly pos: number;
  readonly accepted: number;
  readonly succeeded: number;
  readonly failed: number;
  readonly canceled: number;
  readonly expired: number;
  /** Predictions that got their first label. */
  readonly labeled: number;
  /** Sums over the predictions that succeeded. */
  readonly queuedMs: number;
  readonly inferenceMs: number;
  /** Submit-to-end durations of all ended predictions, counted by `durationBucketsMs` plus one. */
  readonly durations: readonly number[];
}

/**
 * The quality view: one document per tenant, model version, hour of accept and partition. Integers only, so that sums do
 * not depend on their order. Derived from the documents of the status view.
 */
export interface PredictionQualityDoc {
  /** `tenant/model@version|hour|p<partition>`: the hour, in ms since 1970, in which the request was accepted. */
  readonly key: string;
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly hour: number;
  readonly partition: number;
  readonly pos: number;
  /**
   * By `maturityBucketOf` what changed: how long after the accept. What was known after seven days is the sum of the buckets up to
   * that one; a late correction stands in its own bucket, and takes away there what it corrects.
   */
  readonly buckets: readonly QualitySums[];
}

/** Labels of one referenceId or entity that came before their prediction. */
export interface LabelsDoc {
  /** `tenant/address`. */
  readonly key: string;
  readonly tenant: string;
  readonly address: string;
  readonly epoch: number;
  readonly partition: number;
  readonly pos: number;
  readonly state: LabelsState;
  readonly parked?: Parked;
}

export interface ModelDoc {
  readonly key: string;
  readonly tenant: string;
  readonly name: string;
  readonly pos: number;
  readonly state: ModelState;
  readonly parked?: Parked;
}

/** How far a view has folded a partition of a certain log: `next` is the first offset that it has not seen. */
export interface Checkpoint {
  readonly logId: string;
  readonly epoch: number;
  readonly partition: number;
  readonly next: number;
}

export interface ViewWrite<Doc> {
  readonly doc: Doc;
  /** `pos` of the document that the fold started from, undefined where there was none. */
  readonly base: number | undefined;
}

/** A document as a scan meets it: to make it costs more than to read it. */
export interface ScannedDoc<Doc> {
  readonly key: string;
  /** Values it is made of, where the store has such: where those of two are the same, the documents are equal. */
  readonly stored?: readonly (string | number | null)[];
  doc(): Doc;
}

/**
 * Documents of one generation of one view, written by compare-and-swap on `pos`.
 *
 * Promises:
 * - `save` writes a document only if the stored one is still at its `base` (or absent, for undefined), each on its own,
 *   and answers the keys that lost. The checkpoint is stored after the documents, and only if none lost. A crash in
 *   between leaves documents ahead of the checkpoint, never behind it.
 * - Within one log a checkpoint never moves back: an older one, from a process that was slow, is passed over.
 * - What `save` wrote, `load` and the readers see.
 */
export interface ViewStore<Doc extends { readonly key: string; readonly pos: number }> {
  load(keys: readonly string[]): Promise<ReadonlyMap<string, Doc>>;
  save(writes: readonly ViewWrite<Doc>[], checkpoint?: Checkpoint): Promise<readonly string[]>;
  checkpoints(): Promise<readonly Checkpoint[]>;
  /** All documents in the order of their keys as UTF-8, in pages: for verification. */
  scan(): AsyncIterable<readonly ScannedDoc<Doc>[]>;
}

export interface PredictionQuery {
  readonly tenant: string;
  readonly status?: PredictionStatus;
  readonly model?: string;
  readonly version?: number;
  readonly entity?: string;
  readonly referenceId?: string;
  readonly batchId?: string;
  /** Log time of the request, ms since 1970: since <= at < until. */
  readonly since?: number;
  readonly until?: number;
  readonly limit: number;
  /** Continue behind this place. Newest first, ties by id. */
  readonly before?: { readonly at: number; readonly id: string };
}

/** A page of the documents of a tenant in the order of their keys. */
export interface KeyPage {
  readonly tenant: string;
  readonly limit: number;
  /** Behind this key. */
  readonly after?: string;
}

/**
 * Queries follow the live generation: a swap never fails one. Where none is live, because the store has lost it, they
 * reject. `checkpoints` speak for documents that are all there: they reject where those were taken away.
 */
export interface ViewReader {
  prediction(key: string): Promise<PredictionDoc | undefined>;
  /** Only predictions whose request was seen, newest first. */
  predictions(query: PredictionQuery): Promise<readonly PredictionDoc[]>;
  stats(query: {
    tenant: string;
    model?: string;
    since: number;
    until: number;
  }): Promise<readonly PredictionStatsDoc[]>;
  /** By the hour of accept. */
  quality(query: {
    tenant: string;
    model: string;
    since: number;
    until: number;
  }): Promise<readonly PredictionQualityDoc[]>;
  labels(key: string): Promise<LabelsDoc | undefined>;
  /** Where labels wait for their prediction, by key. */
  waitingLabels(page: KeyPage): Promise<readonly LabelsDoc[]>;
  /** Ids of which the log tells something, such as a label, but no request; by key. */
  unrequested(page: KeyPage): Promise<readonly PredictionDoc[]>;
  model(key: string): Promise<ModelDoc | undefined>;
  models(tenant: string): Promise<readonly ModelDoc[]>;
  checkpoints(projection: ProjectionName): Promise<readonly Checkpoint[]>;
}

/** A projection is what one projector writes: `prediction-status` also writes what it derives: statistics, quality, waiting labels. */
export const PROJECTIONS = ['prediction-status', 'models'] as const;
export type ProjectionName = (typeof PROJECTIONS)[number];

export interface ViewGeneration {
  readonly projection: ProjectionName;
  readonly generation: number;
  /** `previous` is kept for undo. */
  readonly state: 'building' | 'live' | 'previous';
  readonly createdAt: number;
}

/** A projection stands still while there is one: whoever put it is about to move the pointer, or builds what was lost. */
export interface ViewHold {
  readonly projection: ProjectionName;
  readonly id: string;
  /** The member who put it. */
  readonly by: string;
}

/**
 * What a hold becomes when its generation is promoted: whoever takes away the hold of a process that seems dead cannot
 * take away this one, which has to last until all readers have followed.
 */
export const promotedHold = (hold: ViewHold): ViewHold => ({ ...hold, id: `${hold.id}/promoted` });

/** What a process that folds says of itself. */
export interface ViewMember {
  readonly id: string;
  /** Rises with every call. A member whose count stands still has died, or is frozen. */
  readonly beat: number;
  /** Ids of the holds for which it begins no batch any more. */
  readonly stopped: readonly string[];
}

export interface ViewSituation {
  readonly generations: readonly ViewGeneration[];
  readonly holds: readonly ViewHold[];
  readonly members: readonly ViewMember[];
}

/**
 * Where the processes that fold one view database agree on who stands still. It has no clock: who died is for those to
 * judge who look at the counts.
 *
 * Promises:
 * - What a call has stored is in the answer of every call that begins later, in any process.
 * - A projection has one hold at a time.
 */
export interface ViewHandOver {
  /**
   * Stores what the member says, and then looks. A live generation of which the store has lost a part is live no more
   * in the answer: it comes back by a new one that is built from the log.
   */
  beat(member: ViewMember): Promise<ViewSituation>;
  /** Unless it has said something since. */
  forget(member: Pick<ViewMember, 'id' | 'beat'>): Promise<void>;
  /** false where another hold is there. */
  hold(hold: ViewHold): Promise<boolean>;
  /** Does nothing where that hold is gone. */
  release(hold: ViewHold): Promise<void>;
}

/**
 * Generations of the views. In an empty database generation 1 is live from the beginning. A rebuild fills a new
 * generation beside the live one and moves a pointer: readers never see a half-built view.
 */
export interface ViewDatabase {
  readonly reader: ViewReader;
  readonly handOver: ViewHandOver;
  generations(): Promise<readonly ViewGeneration[]>;
  /** No number is given twice: whoever still fills a dropped one finds it gone. */
  create(projection: ProjectionName): Promise<ViewGeneration>;
  /**
   * The live generation becomes `previous`; promoting that one again is the undo. An older previous one stays. Refused
   * where the named hold is gone, which becomes its `promotedHold` in the same write. When it resolves, every read that begins, in any process, asks the new generation.
   */
  promote(projection: ProjectionName, generation: number, under?: ViewHold): Promise<void>;
  /** Refused for the live generation. */
  drop(projection: ProjectionName, generation: number): Promise<void>;
  statusStore(generation: number): ViewStore<PredictionDoc>;
  statsStore(generation: number): ViewStore<PredictionStatsDoc>;
  qualityStore(generation: number): ViewStore<PredictionQualityDoc>;
  labelsStore(generation: number): ViewStore<LabelsDoc>;
  modelStore(generation: number): ViewStore<ModelDoc>;
}
