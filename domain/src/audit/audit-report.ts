import type { Topic } from '../event-log.ts';
import type { DifferenceKind } from './locate-difference.ts';
import type { NoteKey } from './signed-note.ts';

export type FindingKind =
  | DifferenceKind
  /** The log ends before a checkpoint does. */
  | 'truncated'
  /** What is stored there is no record, or no checkpoint. */
  | 'unreadable'
  /** A checkpoint that is signed by nobody who is trusted. */
  | 'forged'
  /** A checkpoint of another log. */
  | 'foreign';

/** Something that is not as it was signed. The first difference of the partition is at `from` ≤ offset < `to`. */
export interface AuditFinding {
  readonly kind: FindingKind;
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
  /** For people: names partition and place. */
  readonly said: string;
}

export interface AuditedRange {
  readonly topic: Topic;
  readonly partition: number;
  readonly records: number;
  /** So many of them, from the first on, an earlier verification has read, and this one has not. */
  readonly resumed: number;
  /** So many of them, from the first on, are as a signed checkpoint says. */
  readonly proven: number;
  readonly checkpoints: number;
  /** Roots that nobody signed, which they were compared with too. */
  readonly roots: number;
}

export interface AuditReport {
  readonly findings: readonly AuditFinding[];
  readonly ranges: readonly AuditedRange[];
  /** Checkpoints of epochs that ended, as by a move to other partitions. They were not compared: nothing here has their positions. */
  readonly earlier: number;
  /** Keys whose signatures were taken. */
  readonly keys: readonly NoteKey[];
}
