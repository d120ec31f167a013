import {
  type AuditCrypto,
  auditSubject,
  type EventLog,
  emptyFrontier,
  formatNoteKey,
  type NoteKey,
  openNote,
  type PartitionBounds,
  type RecentStretch,
  readRecentStretches,
  retraceStretch,
  type Topic,
  type TreeHash,
} from '@hindcast/domain';
import type { LedgerStart } from './partition-ledger.ts';

export interface ResumePorts {
  readonly log: Pick<EventLog, 'read' | 'bounds'>;
  readonly crypto: AuditCrypto;
  readonly hash: TreeHash;
  readonly key: NoteKey;
}

export type Resumed =
  | { readonly ok: true; readonly start: LedgerStart; readonly auditEnd: number }
  /** What was signed is not what the log holds now. Nobody may vouch for what comes after it. */
  | { readonly ok: false; readonly detail: string };

/**
 * Where a notary goes on: behind the newest checkpoint that it signed itself, once the records of that one's stretch have
 * been hashed again and fit; else at the beginning. It vouches for nothing that it has not read.
 */
export const resumePartition = async (
  { log, crypto, hash, key }: ResumePorts,
  { topic, bounds }: { readonly topic: Topic; readonly bounds: PartitionBounds },
): Promise<Resumed> => {
  const { stretches, end: auditEnd } = await readRecentStretches(log);
  const stretch = stretches.get(auditSubject({ topic, partition: bounds.partition }));
  if (!stretch || !isOurs(crypto, key, stretch)) return { ok: true, start: { frontier: emptyFrontier }, auditEnd };
  const { checkpoint, before, marks, offset } = stretch;
  if (bounds.end < checkpoint.size) {
    return { ok: false, detail: `the log ends at ${bounds.end}, and ${checkpoint.size} records were signed` };
  }
  const retraced = await retraceStretch(log, hash, stretch);
  if (retraced?.root !== checkpoint.root) {
    return {
      ok: false,
      detail: `the records from ${before.size} to ${checkpoint.size - 1} are not those that were signed`,
    };
  }
  const draft = { of: checkpoint, size: checkpoint.size, root: checkpoint.root, before, marks, after: retraced.after };
  return { ok: true, start: { frontier: retraced.after, last: { draft, auditOffset: offset } }, auditEnd };
};

const isOurs = (crypto: AuditCrypto, key: NoteKey, stretch: RecentStretch): boolean =>
  stretch.key === formatNoteKey(key) && openNote(crypto, [key], stretch.note)?.signature === 'valid';
