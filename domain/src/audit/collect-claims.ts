import { decode } from '../event-codec.ts';
import { type PartitionBounds, type RecordedRecord, TOPICS } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';
import { type AuditCheckpoint, parseCheckpoint } from './audit-checkpoint.ts';
import type { AuditCrypto, ByteText } from './audit-crypto.ts';
import type { AuditFinding, FindingKind } from './audit-report.ts';
import { readGuarded } from './read-guarded.ts';
import { formatNoteKey, type NoteKey, openNote, parseNoteKey } from './signed-note.ts';
import { auditSubject, stretchOfRecord } from './signed-stretch.ts';

/** A size and a root that somebody trusted has signed, or only kept. */
export interface Claim {
  readonly size: number;
  readonly root: ByteText;
  readonly isSigned: boolean;
  /** Where in the audit topic it is, undefined for one that was kept elsewhere. */
  readonly auditOffset: number | undefined;
  /** Of one that was kept elsewhere, and was signed. */
  readonly note?: string;
}

/** Checkpoints that nobody signed, as a manifest of a data set has them: worth what the place is worth where it was kept. */
export interface UnsignedCheckpoints {
  readonly name: string;
  readonly checkpoints: readonly AuditCheckpoint[];
}

export interface Claims {
  /** By `topic/partition`, smallest first. */
  readonly bySubject: ReadonlyMap<string, readonly Claim[]>;
  readonly findings: readonly AuditFinding[];
  /** Checkpoints of epochs that ended: their positions are no longer those of this log. */
  readonly earlier: number;
  readonly keys: readonly NoteKey[];
}

export interface ClaimSources {
  readonly log: ReadableLog;
  readonly crypto: AuditCrypto;
  readonly keys: readonly NoteKey[] | undefined;
  /** Whom an earlier verification trusted, as the log named them. */
  readonly known: readonly NoteKey[];
  readonly notes: readonly string[];
  readonly unsigned: readonly UnsignedCheckpoints[];
  /** Of the audit topic, undefined where the log has none. */
  readonly audit: PartitionBounds | undefined;
  /** First offset of it that an earlier verification was not done with. */
  readonly auditFrom: number;
  /** Where reading begins: before that, where there are partitions that it was not done with. */
  readonly readFrom: number;
  readonly isDone: (subject: string) => boolean;
  readonly identity: Pick<PartitionBounds, 'logId' | 'epoch'>;
  readonly onRecord: () => void;
}

/** Every checkpoint there is, of the log and from elsewhere, and what is wrong with those that do not count. */
export const collectClaims = async ({
  log,
  crypto,
  notes,
  unsigned,
  audit,
  auditFrom,
  readFrom,
  isDone,
  known,
  identity,
  onRecord,
  ...given
}: ClaimSources): Promise<Claims> => {
  const trusted = new Map((given.keys ?? known).map((key) => [formatNoteKey(key), key]));
  const bySubject = new Map<string, Claim[]>();
  const findings: AuditFinding[] = [];
  let earlier = 0;
  const find = (kind: FindingKind, offset: number, said: string): void => {
    findings.push({ kind, topic: TOPICS.audit, partition: 0, from: offset, to: offset + 1, said });
  };

  const place = (checkpoint: AuditCheckpoint, where: string, note?: string, auditOffset?: number): void => {
    const { logId, epoch, size, root } = checkpoint;
    const isSigned = note !== undefined;
    if (logId === identity.logId && epoch < identity.epoch) {
      earlier += 1;
    } else if (logId !== identity.logId || epoch !== identity.epoch) {
      find('foreign', auditOffset ?? 0, `${where} is of the log ${logId} (epoch ${epoch}), not of this one.`);
    } else {
      const claims = bySubject.get(auditSubject(checkpoint)) ?? [];
      const isKept = isSigned && auditOffset === undefined;
      claims.push({ size, root, isSigned, auditOffset, ...(isKept ? { note } : {}) });
      bySubject.set(auditSubject(checkpoint), claims);
    }
  };

  const claim = (note: string, where: string, auditOffset?: number): void => {
    const opened = openNote(crypto, [...trusted.values()], note);
    const checkpoint = opened && parseCheckpoint(opened.text);
    const at = auditOffset ?? 0;
    if (!checkpoint) {
      find('unreadable', at, `${where} is no signed checkpoint.`);
    } else if (opened.signature !== 'valid') {
      find('forged', at, `${where} is not signed by a key that is trusted here.`);
    } else place(checkpoint, where, note, auditOffset);
  };

  /** Of processes that open a topic together each may write one. The other than the first are records without effect. */
  const opensThisLog = (record: RecordedRecord): boolean => {
    const decoded = decode(record);
    if (!decoded.ok || decoded.event.type !== 'LogOpened') return false;
    const { logId, epoch, partition } = decoded.event.data;
    return logId === identity.logId && epoch === identity.epoch && partition === audit?.partition;
  };

  const claimOf = (record: RecordedRecord): void => {
    if (record.offset === 0 || opensThisLog(record)) return;
    const where = `The checkpoint at offset ${record.offset} of ${TOPICS.audit}`;
    const stretch = stretchOfRecord(record);
    if (!stretch) {
      find('unreadable', record.offset, `${where} does not fit together.`);
      return;
    }
    if (record.offset < auditFrom && isDone(auditSubject(stretch.checkpoint))) return;
    const named = given.keys === undefined ? parseNoteKey(crypto, stretch.key) : undefined;
    if (named) trusted.set(stretch.key, named);
    claim(stretch.note, where, record.offset);
  };

  if (audit) {
    const range = { topic: TOPICS.audit, partition: audit.partition, from: readFrom, to: audit.end };
    const damaged = (offset: number, detail: string) => find('unreadable', offset, `In ${TOPICS.audit} ${detail}.`);
    for await (const record of readGuarded(log, range, damaged)) {
      claimOf(record);
      onRecord();
    }
  }
  const end = audit?.end ?? 0;
  if (auditFrom > end) {
    const said = `${TOPICS.audit} ends at offset ${end}, and ${auditFrom} records of it were read before: ${auditFrom - end} are gone from its end.`;
    findings.push({ kind: 'truncated', topic: TOPICS.audit, partition: 0, from: end, to: auditFrom, said });
  }
  for (const [at, note] of notes.entries()) claim(note, `The checkpoint number ${at + 1} of those kept elsewhere`);
  for (const { name, checkpoints } of unsigned) for (const checkpoint of checkpoints) place(checkpoint, name);
  for (const claims of bySubject.values()) claims.sort((a, b) => a.size - b.size);
  return { bySubject, findings, earlier, keys: [...trusted.values()] };
};
