import {
  type AuditedPartition,
  type ByteText,
  type Frontier,
  growTree,
  markOf,
  type RecordedRecord,
  stretchRecordsMax,
  type TreeHash,
} from '@hindcast/domain';

/** What of a partition is to be signed next. */
export interface LedgerDraft {
  readonly of: AuditedPartition;
  readonly size: number;
  readonly root: ByteText;
  readonly before: Frontier;
  readonly marks: ByteText;
  /** Where the stretch after this one begins. */
  readonly after: Frontier;
}

/** The tree of one partition, and what of it nobody has signed for yet. */
export interface PartitionLedger {
  readonly of: AuditedPartition;
  readonly size: number;
  /** Records that no checkpoint vouches for; `stretchRecordsMax` at most. */
  readonly unsigned: number;
  /** Hashes records from this one of the batch on. Answers how many it took: fewer than there are when it is full. */
  take(records: readonly RecordedRecord[], from: number): number;
  /** undefined where there is nothing to sign, and never was. */
  draft(): LedgerDraft | undefined;
  /** The draft is signed, and in the log at this offset of the audit topic. */
  settle(draft: LedgerDraft, auditOffset: number): void;
  /** The last checkpoint is at this offset of the audit topic, undefined where there is none. */
  readonly signedAt: number | undefined;
  /** The last checkpoint once more: a start looks for it near the end of the audit topic only. */
  repeat(): LedgerDraft | undefined;
}

export interface LedgerStart {
  readonly frontier: Frontier;
  readonly last?: { readonly draft: LedgerDraft; readonly auditOffset: number };
}

export const openLedger = (hash: TreeHash, of: AuditedPartition, start: LedgerStart): PartitionLedger => {
  const tree = growTree(hash, start.frontier);
  let before = start.frontier;
  let marks: ByteText = '';
  let last = start.last;
  return {
    of,
    get size() {
      return tree.size;
    },
    get unsigned() {
      return tree.size - before.size;
    },
    get signedAt() {
      return last?.auditOffset;
    },
    take(records, from) {
      let taken = 0;
      for (let at = from; at < records.length && tree.size - before.size < stretchRecordsMax; at++) {
        const record = records[at] as RecordedRecord;
        taken += 1;
        if (record.offset < tree.size) continue;
        if (record.offset > tree.size)
          throw new Error(`The records from ${tree.size} to ${record.offset} were not handed out.`);
        const leaf = hash.record(record);
        tree.push(leaf);
        marks += markOf(leaf);
      }
      return taken;
    },
    draft() {
      if (tree.size === before.size) return undefined;
      return { of, size: tree.size, root: tree.root(), before, marks, after: tree.frontier() };
    },
    settle(draft, auditOffset) {
      last = { draft, auditOffset };
      if (draft.after.size <= before.size) return;
      marks = marks.slice(draft.marks.length);
      before = draft.after;
    },
    repeat: () => last?.draft,
  };
};
