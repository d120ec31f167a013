import { type PartitionBounds, TOPICS, type Topic } from '../event-log.ts';
import { recordAt } from '../record-at.ts';
import type { ReadableLog } from '../replay-plan.ts';
import type { AuditedRange, AuditFinding } from './audit-report.ts';
import type { Claim } from './collect-claims.ts';
import { type Frontier, growTree } from './growing-tree.ts';
import { type Difference, locateDifference } from './locate-difference.ts';
import { readGuarded } from './read-guarded.ts';
import { type SignedStretch, stretchOfRecord } from './signed-stretch.ts';
import type { TreeHash } from './tree-hash.ts';

export interface PartitionToVerify {
  readonly log: ReadableLog;
  readonly hash: TreeHash;
  readonly topic: Topic;
  readonly bounds: PartitionBounds;
  readonly claims: readonly Claim[];
  /** Partition of the audit topic. */
  readonly auditPartition: number;
  /** What an earlier verification has come to: records before it are not read. */
  readonly begin: Frontier | undefined;
  readonly onRecord: () => void;
  /** Called where the records so far are as a signed checkpoint says. */
  readonly onProven: (claim: Claim, frontier: Frontier) => Promise<void>;
}

export interface VerifiedPartition {
  readonly range: AuditedRange;
  readonly findings: readonly AuditFinding[];
}

/** Hashes the partition from its beginning, or where it is to go on, and stops at the first checkpoint that does not fit: none behind it could. */
export const verifyPartition = async (given: PartitionToVerify): Promise<VerifiedPartition> => {
  const { log, hash, topic, onRecord } = given;
  const { partition, end } = given.bounds;
  const findings: AuditFinding[] = [];
  const tree = growTree(hash, given.begin);
  const resumed = tree.size;
  const claims = given.claims.filter(({ size }) => size >= resumed);
  let compared = resumed;
  let proven = resumed;
  let due = 0;
  let mismatch: Claim | undefined;

  const find = (kind: AuditFinding['kind'], range: { from: number; to: number }, what: string): void => {
    findings.push({ kind, topic, partition, ...range, said: `${topic}, partition ${partition}: ${what}` });
  };
  const compare = async (): Promise<void> => {
    let fitting: Claim | undefined;
    for (let claim = claims[due]; claim?.size === tree.size && !mismatch; claim = claims[due]) {
      if (claim.root !== tree.root()) mismatch = claim;
      else if (claim.isSigned) fitting = claim;
      due += 1;
    }
    if (fitting) proven = fitting.size;
    if (mismatch) return;
    compared = tree.size;
    if (fitting) await given.onProven(fitting, tree.frontier());
  };

  const damaged = (offset: number, detail: string) =>
    find('unreadable', { from: offset, to: offset + 1 }, `${detail}.`);
  if (claims[0]?.size === tree.size) await compare();
  for await (const record of readGuarded(log, { topic, partition, from: resumed, to: end }, damaged)) {
    tree.push(hash.record(record));
    onRecord();
    if (claims[due]?.size === tree.size) await compare();
    if (mismatch) break;
  }
  const beyond = mismatch || findings.length > 0 ? undefined : claims[due];
  if (mismatch ?? beyond) {
    const to = mismatch?.size ?? end;
    const difference = await locate(given, claims, { from: compared, to });
    if (difference) find(difference.kind, { from: difference.offset, to: difference.offset + 1 }, told(difference));
    else if (mismatch) find('changed', { from: compared, to }, rangeText(compared, to));
  }
  proven = Math.min(proven, end);
  const last = claims.at(-1);
  if (last && last.size > end) {
    const text = `the log ends at offset ${end}, and ${last.size} records were ${last.isSigned ? 'signed' : 'in it'}: ${last.size - end} are gone from its end.`;
    find('truncated', { from: end, to: last.size }, text);
  }
  const checkpoints = claims.filter(({ isSigned }) => isSigned).length;
  const roots = claims.length - checkpoints;
  return { range: { topic, partition, records: end, resumed, proven, checkpoints, roots }, findings };
};

const told = ({ kind, offset, other }: Difference): string => {
  switch (kind) {
    case 'edited':
      return `the record at offset ${offset} is not the one that was signed.`;
    case 'dropped':
      return `the record that was at offset ${offset} is gone, and those behind it have moved up.`;
    case 'inserted':
      return `the record at offset ${offset} was put in, and those behind it have moved down.`;
    case 'swapped':
      return `the records at offsets ${offset} and ${other} have changed places.`;
    case 'changed':
      return `from offset ${offset} on, records are not those that were signed.`;
    default:
      return kind satisfies never;
  }
};

const rangeText = (from: number, to: number): string =>
  `the first record that is not as it was signed is at offset ${from} to ${to - 1}.`;

/** By the marks of the first checkpoint in the log that vouches for records behind those that are proven. */
const locate = async (
  { log, hash, auditPartition }: PartitionToVerify,
  claims: readonly Claim[],
  range: { readonly from: number; readonly to: number },
): Promise<Difference | undefined> => {
  const claim = claims.find(({ size, auditOffset }) => size > range.from && auditOffset !== undefined);
  const record = claim && (await recordAt(log, TOPICS.audit, auditPartition, claim.auditOffset ?? 0));
  const stretch: SignedStretch | undefined = record && stretchOfRecord(record);
  return stretch && locateDifference(log, hash, stretch, range);
};
