import type { LabelValue } from '../quality/quality-contribution.ts';

/** A row of the past that the candidate has answered. */
export interface ComparedRow {
  readonly predictionId: string;
  readonly position: string;
  readonly recorded: unknown;
  readonly candidate: unknown;
  readonly label: LabelValue | undefined;
  /** By name of the slice. */
  readonly slices: Readonly<Record<string, string>>;
}
