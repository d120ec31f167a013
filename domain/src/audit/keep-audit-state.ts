import { type PartitionBounds, TOPICS } from '../event-log.ts';
import { recordAt } from '../record-at.ts';
import type { ReadableLog } from '../replay-plan.ts';
import { toBase64 } from './audit-crypto.ts';
import {
  type AuditState,
  type AuditStatePartition,
  comparedMax,
  comparedName,
  type ResumedPartition,
} from './audit-state.ts';
import type { Claim } from './collect-claims.ts';
import type { Frontier } from './growing-tree.ts';
import { formatNoteKey, type NoteKey } from './signed-note.ts';
import { stretchOfRecord } from './signed-stretch.ts';

/** A partition up to a checkpoint that it fits. */
export interface ProvenPartition {
  readonly claim: Claim;
  readonly frontier: Frontier;
  readonly claims: readonly Claim[];
}

export interface AuditStateKeeperOptions {
  readonly log: Pick<ReadableLog, 'read'>;
  readonly audit: Pick<PartitionBounds, 'partition' | 'end'> | undefined;
  readonly identity: Pick<PartitionBounds, 'logId' | 'epoch'>;
  readonly auditFrom: number;
  readonly keys: readonly NoteKey[];
  readonly resumed: ReadonlyMap<string, ResumedPartition>;
  readonly everyRecords: number;
  readonly onState: (state: AuditState) => Promise<void>;
}

/** Hands over states from which another verification can go on: every so many records, behind each partition and at the end. */
export const keepAuditState = (options: AuditStateKeeperOptions) => {
  const { log, audit, resumed, onState } = options;
  const entries = new Map<string, AuditStatePartition>();
  for (const [subject, { before, claim, compared }] of resumed) {
    entries.set(subject, { note: claim.note ?? '', peaks: before.peaks.map(toBase64), compared: [...compared] });
  }
  let due = new Map<string, ProvenPartition>();
  let savedAtRecords = 0;

  const noteOf = async ({ note, auditOffset }: Claim): Promise<string | undefined> => {
    if (note !== undefined || auditOffset === undefined) return note;
    const record = await recordAt(log, TOPICS.audit, audit?.partition ?? 0, auditOffset);
    return record && stretchOfRecord(record)?.note;
  };
  const entryOf = async (subject: string, proven: ProvenPartition): Promise<AuditStatePartition | undefined> => {
    const note = await noteOf(proven.claim);
    const before = resumed.get(subject);
    const kept = proven.claims.filter(
      (claim) => claim.auditOffset === undefined && claim !== before?.claim && claim.size <= proven.claim.size,
    );
    const compared = [...new Set([...(before?.compared ?? []), ...kept.map(comparedName)])].slice(-comparedMax);
    return note === undefined ? undefined : { note, peaks: proven.frontier.peaks.map(toBase64), compared };
  };
  const save = async (auditFrom = options.auditFrom): Promise<void> => {
    for (const [subject, proven] of due) {
      const entry = await entryOf(subject, proven);
      if (entry) entries.set(subject, entry);
    }
    due = new Map();
    const { logId, epoch } = options.identity;
    const keys = options.keys.map(formatNoteKey);
    await onState({ hindcastAuditState: 1, logId, epoch, auditFrom, keys, partitions: [...entries.values()] });
  };

  return {
    /** @param records how many were read so far, of all partitions */
    proven: async (subject: string, proven: ProvenPartition, records: number): Promise<void> => {
      // What was read anew, for a checkpoint before the state, is no further than the state that there is.
      if (proven.claim.size < (resumed.get(subject)?.before.size ?? 0)) return;
      due.set(subject, proven);
      if (records - savedAtRecords < options.everyRecords) return;
      savedAtRecords = records;
      await save();
    },
    partitionDone: async (): Promise<void> => {
      if (due.size > 0) await save();
    },
    /** Only what found nothing is done with the checkpoints that it has read: the next one has to find it again. */
    done: (isWhole: boolean): Promise<void> => save(isWhole ? audit?.end : undefined),
  };
};
