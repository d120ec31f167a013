import type { EventLog } from '../event-log.ts';
import type { ArtifactStore } from '../ports.ts';
import type { AccountedFor, IgnoredRecords } from './accounted-for.ts';
import type { DatasetColumn } from './dataset-columns.ts';
import type { DatasetPlan } from './dataset-cut.ts';
import type { LabelCoverage } from './dataset-manifest.ts';
import type { DatasetFormat } from './dataset-spec.ts';
import type { VersionRules } from './version-rules.ts';

export interface ExtractionSource {
  readonly log: Pick<EventLog, 'read'>;
  /** Payloads that are too large for the log. */
  readonly artifacts: Pick<ArtifactStore, 'get'>;
  /** Of all versions of the model that are registered. */
  readonly versions: readonly VersionRules[];
  /** For redaction by hmac. */
  readonly redactionKey?: string | undefined;
}

export interface ExtractionRun {
  readonly signal: AbortSignal;
  /** `done` of `total` steps: each record of the cut is read, and then folded. First it tells what was put aside already. */
  progress(progress: { readonly done: number; readonly total: number; readonly detail: string }): void;
}

export interface ExtractedFile {
  /** Path within the set. */
  readonly name: string;
  readonly split: string;
  readonly rows: number;
  content(): AsyncIterable<Uint8Array>;
}

export interface Extracted {
  /** Log time of the last record of the cut, ms since 1970; 0 where the cut is empty. */
  readonly cutAt: number;
  readonly columns: readonly DatasetColumn[];
  readonly accountedFor: AccountedFor;
  readonly ignored: IgnoredRecords;
  readonly labelCoverage: LabelCoverage;
  /** Of each split at least one, also where it has no rows; split after split, and within one in the order of the rows. */
  readonly files: readonly ExtractedFile[];
  /** Removes what the extraction has put aside. The files are gone after it. */
  discard(): Promise<void>;
}

/**
 * Makes rows of a stretch of the log, as `foldDataset` would.
 *
 * Promises of every adapter:
 * - Rows are in the order of the positions of their requests: partition after partition, each by its offsets.
 * - The same plan on the same records gives the same bytes, in whatever process, and however often it was broken off.
 * - Records behind the cut change nothing.
 * - A record that is not there rejects with `IncompleteCut`, a payload that is not there with `PayloadMissing`, a redaction
 *   that cannot be done with `ColumnMistake`; an aborted signal rejects too. No file is made then.
 */
export interface DatasetExtractor {
  /** Name and version: another one may write the same rows as other bytes, and is part of the id of a set. */
  readonly name: string;
  readonly formats: readonly DatasetFormat[];
  /** `work` names what may be put aside for a next attempt: the same for the same plan. */
  extract(plan: DatasetPlan, work: string, source: ExtractionSource, run: ExtractionRun): Promise<Extracted>;
}
