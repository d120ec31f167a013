import type { AuditCheckpointSigned } from '../audit-events.ts';
import { decode } from '../event-codec.ts';
import { DEFAULT_TENANT, keyOf } from '../event-envelope.ts';
import type { RecordedRecord, Topic } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';
import { type AuditCheckpoint, type AuditedPartition, parseCheckpoint } from './audit-checkpoint.ts';
import { type ByteText, fromBase64, toBase64 } from './audit-crypto.ts';
import { type Frontier, growTree, peakCount } from './growing-tree.ts';
import { hashBytes, type TreeHash } from './tree-hash.ts';

/** The records that one checkpoint adds to the one before it, and what is needed to check them without those before. */
export interface SignedStretch {
  readonly checkpoint: AuditCheckpoint;
  readonly note: string;
  /** As the log names it: whom to trust is for the reader to say. */
  readonly key: string;
  readonly before: Frontier;
  /** `markBytes` of each leaf. They are not signed: they tell where to look, not whether. */
  readonly marks: ByteText;
}

/** Longest stretch, so that a checkpoint is a record of at most some 200 KB, and quickly checked. */
export const stretchRecordsMax = 65_536;
export const markBytes = 2;

export const markOf = (leaf: ByteText): ByteText => leaf.slice(0, markBytes);

/** Subject of the checkpoints of a partition. */
export const auditSubject = ({ topic, partition }: Pick<AuditedPartition, 'topic' | 'partition'>): string =>
  `${topic}/${partition}`;
export const auditKey = (of: Pick<AuditedPartition, 'topic' | 'partition'>): string =>
  keyOf(DEFAULT_TENANT, auditSubject(of));

export const stretchData = (stretch: SignedStretch): AuditCheckpointSigned['data'] => ({
  note: stretch.note,
  key: stretch.key,
  size: stretch.checkpoint.size,
  from: stretch.before.size,
  peaks: stretch.before.peaks.map(toBase64),
  marks: toBase64(stretch.marks),
});

/** undefined for a record that holds no checkpoint, or one that does not fit together. Signatures are not looked at. */
export const stretchOfRecord = (record: RecordedRecord): SignedStretch | undefined => {
  const decoded = decode(record);
  if (!decoded.ok || decoded.event.type !== 'AuditCheckpointSigned') return undefined;
  const { note, key, size, from, peaks, marks } = decoded.event.data;
  const checkpoint = parseCheckpoint(note.slice(0, note.lastIndexOf('\n\n') + 1));
  const parsed = peaks.flatMap((peak) => fromBase64(peak, hashBytes) ?? []);
  const marked = fromBase64(marks, (size - from) * markBytes);
  const fits = checkpoint?.size === size && auditKey(checkpoint) === record.key;
  if (!fits || marked === undefined || parsed.length !== peakCount(from)) return undefined;
  return { checkpoint, note, key, before: { size: from, peaks: parsed }, marks: marked };
};

export interface Retraced {
  readonly leaves: readonly ByteText[];
  readonly root: ByteText;
  /** Where the next stretch begins. */
  readonly after: Frontier;
}

/**
 * Hashes the records of the stretch as the log has them now. Where the root is not that of the checkpoint, a record of the
 * stretch or the frontier before it is not what it was; `undefined` where the log ends before the stretch does.
 */
export const retraceStretch = async (
  log: Pick<ReadableLog, 'read'>,
  hash: TreeHash,
  { checkpoint: { topic, partition, size }, before }: Pick<SignedStretch, 'checkpoint' | 'before'>,
): Promise<Retraced | undefined> => {
  const tree = growTree(hash, before);
  const leaves: ByteText[] = [];
  for await (const page of log.read({ topic: topic as Topic, partition, from: before.size, to: size })) {
    for (const record of page) {
      const leaf = hash.record(record);
      leaves.push(leaf);
      tree.push(leaf);
    }
  }
  return tree.size === size ? { leaves, root: tree.root(), after: tree.frontier() } : undefined;
};
