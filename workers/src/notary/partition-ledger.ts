import {
  type AuditedPartition,
  type ByteText,
  type Frontier,
  growTree,
  markBytes,
  type RecordedRecord,
  stretchRecordsMax,
  type TreeHash,
  textOfBytes,
} from '@hindcast/domain';

const marksBytesInitial = 1_024;

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
  let marks = new Uint8Array(marksBytesInitial);
  let last = start.last;

  /** Bytes, not texts that are joined: this is done for every record. */
  const mark = (leaf: ByteText, index: number): void => {
    const at = index * markBytes;
    if (at + markBytes > marks.length) {
      const larger = new Uint8Array(marks.length * 2);
      larger.set(marks);
      marks = larger;
    }
    for (let byte = 0; byte < markBytes; byte++) marks[at + byte] = leaf.charCodeAt(byte);
  };

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
        mark(leaf, tree.size - before.size);
        tree.push(leaf);
      }
      return taken;
    },
    draft() {
      if (tree.size === before.size) return undefined;
      const marked = textOfBytes(marks.subarray(0, (tree.size - before.size) * markBytes));
      return { of, size: tree.size, root: tree.root(), before, marks: marked, after: tree.frontier() };
    },
    settle(draft, auditOffset) {
      last = { draft, auditOffset };
      if (draft.after.size <= before.size) return;
      marks.copyWithin(0, draft.marks.length);
      before = draft.after;
    },
    repeat: () => last?.draft,
  };
};
