import { TOPICS } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';
import type { AuditCrypto } from './audit-crypto.ts';
import type { AuditedRange, AuditFinding, AuditReport } from './audit-report.ts';
import { type AuditState, beginOf, resumeAudit } from './audit-state.ts';
import { auditedTopics, boundsOfTopic } from './audited-records.ts';
import { collectClaims, type UnsignedCheckpoints } from './collect-claims.ts';
import { keepAuditState } from './keep-audit-state.ts';
import type { NoteKey } from './signed-note.ts';
import { auditSubject } from './signed-stretch.ts';
import { createTreeHash } from './tree-hash.ts';
import { type PartitionToVerify, verifyPartition } from './verify-partition.ts';

export interface LogToVerify {
  readonly log: ReadableLog;
  readonly crypto: AuditCrypto;
  /** Whom to trust. undefined: whom the log itself names, which proves that it fits together, not who wrote it. */
  readonly keys?: readonly NoteKey[] | undefined;
  /** Checkpoints that were kept elsewhere, as signed notes. */
  readonly notes?: readonly string[];
  /** Those of data sets that were kept elsewhere. */
  readonly unsigned?: readonly UnsignedCheckpoints[];
  /** Where an earlier verification has come to: the records before it are not read again, so that it says nothing of them. */
  readonly state?: AuditState | undefined;
  /** Takes where this one has come to: once for so many records (262,144), behind each partition, and at the end. */
  readonly onState?: ((state: AuditState) => Promise<void>) | undefined;
  readonly stateRecords?: number;
  /** Checkpoints are records too, and are read first. */
  readonly onProgress?: (records: number, total: number) => void;
}

/**
 * Hashes the whole log and compares it with every checkpoint that there is. One page of records is in memory, and some
 * 100 bytes for each checkpoint.
 * @throws AuditStateRefused
 */
export const verifyLog = async (given: LogToVerify): Promise<AuditReport> => {
  const { log, crypto, notes = [], unsigned = [], keys, state, onProgress, onState } = given;
  const hash = createTreeHash(crypto);
  const [audit] = await boundsOfTopic(log, TOPICS.audit);
  const partitions: (Pick<PartitionToVerify, 'topic' | 'bounds'> & { readonly subject: string })[] = [];
  for (const topic of auditedTopics) {
    for (const bounds of await boundsOfTopic(log, topic))
      partitions.push({ subject: auditSubject({ topic, partition: bounds.partition }), topic, bounds });
  }
  const identity = audit ?? partitions[0]?.bounds ?? { logId: '', epoch: 0 };
  const resumed = state && resumeAudit(state, identity, { crypto, hash, ...(keys && { keys }) });
  const resumedOf = (subject: string) => resumed?.bySubject.get(subject);
  const auditFrom = resumed?.auditFrom ?? audit?.start ?? 0;
  // What was signed of a partition that the state says nothing of lies before what it is done with.
  const isAllKnown = partitions.every(({ subject }) => resumedOf(subject));
  const readFrom = isAllKnown ? auditFrom : (audit?.start ?? 0);
  let total = partitions.reduce(
    (sum, { subject, bounds }) => sum + toRead(bounds.end, resumedOf(subject)?.before.size ?? bounds.start),
    toRead(audit?.end ?? 0, readFrom),
  );
  let records = 0;
  const onRecord = () => {
    records += 1;
    if (records % progressRecords === 0) onProgress?.(records, total);
  };
  const known = resumed?.keys ?? [];
  const claims = await collectClaims({
    ...{ log, crypto, keys, known, notes, unsigned, audit, auditFrom, readFrom, identity, onRecord },
    isDone: (subject) => resumedOf(subject) !== undefined,
  });
  const keeper =
    onState &&
    keepAuditState({
      ...{ log, audit, identity, auditFrom, onState, keys: claims.keys, resumed: resumed?.bySubject ?? new Map() },
      everyRecords: given.stateRecords ?? stateRecords,
    });

  const findings: AuditFinding[] = [...claims.findings];
  const ranges: AuditedRange[] = [];
  const bySubject = new Map(claims.bySubject);
  for (const [subject, { claim }] of resumed?.bySubject ?? [])
    bySubject.set(
      subject,
      [...(bySubject.get(subject) ?? []), claim].sort((a, b) => a.size - b.size),
    );
  for (const { topic, bounds, subject } of partitions) {
    const of = bySubject.get(subject) ?? [];
    bySubject.delete(subject);
    const before = resumedOf(subject);
    const begin = beginOf(of, before);
    if (before && !begin) total += before.before.size;
    const verified = await verifyPartition({
      ...{ log, hash, topic, bounds, begin, onRecord, claims: of },
      auditPartition: audit?.partition ?? 0,
      onProven: async (claim, frontier) => keeper?.proven(subject, { claim, frontier, claims: of }, records),
    });
    await keeper?.partitionDone();
    ranges.push(verified.range);
    findings.push(...verified.findings);
  }
  for (const [subject, of] of bySubject) findings.push(missingPartition(subject, of.at(-1)?.size ?? 0));
  await keeper?.done(findings.length === 0);
  return { findings, ranges, earlier: claims.earlier, keys: claims.keys };
};

const toRead = (end: number, from: number): number => Math.max(0, end - from);

/** A state is handed over once for so many records: some seconds of work. */
const stateRecords = 262_144;

/** Progress is told once for so many records. */
const progressRecords = 10_000;

const missingPartition = (subject: string, size: number): AuditFinding => {
  const at = subject.lastIndexOf('/');
  const [topic, partition] = [subject.slice(0, at), Number(subject.slice(at + 1))];
  const said = `${topic} has no partition ${partition}, of which ${size} records were signed.`;
  return { kind: 'truncated', topic, partition, from: 0, to: size, said };
};
