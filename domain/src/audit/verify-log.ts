import { TOPICS } from '../event-log.ts';
import type { ReadableLog } from '../replay-plan.ts';
import type { AuditCrypto } from './audit-crypto.ts';
import type { AuditedRange, AuditFinding, AuditReport } from './audit-report.ts';
import { auditedTopics, boundsOfTopic } from './audited-records.ts';
import { collectClaims, type UnsignedCheckpoints } from './collect-claims.ts';
import type { NoteKey } from './signed-note.ts';
import { auditSubject } from './signed-stretch.ts';
import { createTreeHash } from './tree-hash.ts';
import { verifyPartition } from './verify-partition.ts';

export interface LogToVerify {
  readonly log: ReadableLog;
  readonly crypto: AuditCrypto;
  /** Whom to trust. undefined: whom the log itself names, which proves that it fits together, not who wrote it. */
  readonly keys?: readonly NoteKey[] | undefined;
  /** Checkpoints that were kept elsewhere, as signed notes. */
  readonly notes?: readonly string[];
  /** Those of data sets that were kept elsewhere. */
  readonly unsigned?: readonly UnsignedCheckpoints[];
  /** Checkpoints are records too, and are read first. */
  readonly onProgress?: (records: number, total: number) => void;
}

/**
 * Hashes the whole log and compares it with every checkpoint that there is. One page of records is in memory, and some
 * 100 bytes for each checkpoint.
 */
export const verifyLog = async (given: LogToVerify): Promise<AuditReport> => {
  const { log, crypto, notes = [], unsigned = [], keys, onProgress } = given;
  const hash = createTreeHash(crypto);
  const [audit] = await boundsOfTopic(log, TOPICS.audit);
  const partitions: Pick<Parameters<typeof verifyPartition>[0], 'topic' | 'bounds'>[] = [];
  for (const topic of auditedTopics) {
    for (const bounds of await boundsOfTopic(log, topic)) partitions.push({ topic, bounds });
  }
  const identity = audit ?? partitions[0]?.bounds ?? { logId: '', epoch: 0 };
  const read = [...(audit ? [audit] : []), ...partitions.map(({ bounds }) => bounds)];
  const total = read.reduce((sum, { start, end }) => sum + end - start, 0);
  let records = 0;
  const onRecord = () => {
    records += 1;
    if (records % progressRecords === 0) onProgress?.(records, total);
  };
  const claims = await collectClaims({ log, crypto, keys, notes, unsigned, audit, identity, onRecord });

  const findings: AuditFinding[] = [...claims.findings];
  const ranges: AuditedRange[] = [];
  const unseen = new Map(claims.bySubject);
  for (const { topic, bounds } of partitions) {
    const subject = auditSubject({ topic, partition: bounds.partition });
    unseen.delete(subject);
    const verified = await verifyPartition({
      ...{ log, hash, topic, bounds, onRecord },
      claims: claims.bySubject.get(subject) ?? [],
      auditPartition: audit?.partition ?? 0,
    });
    ranges.push(verified.range);
    findings.push(...verified.findings);
  }
  for (const [subject, of] of unseen) findings.push(missingPartition(subject, of.at(-1)?.size ?? 0));
  return { findings, ranges, earlier: claims.earlier, keys: claims.keys };
};

/** Progress is told once for so many records. */
const progressRecords = 10_000;

const missingPartition = (subject: string, size: number): AuditFinding => {
  const at = subject.lastIndexOf('/');
  const [topic, partition] = [subject.slice(0, at), Number(subject.slice(at + 1))];
  const said = `${topic} has no partition ${partition}, of which ${size} records were signed.`;
  return { kind: 'truncated', topic, partition, from: 0, to: size, said };
};
