import { type Static, Type } from '@sinclair/typebox';
import { Value } from '@sinclair/typebox/value';
import type { PartitionBounds } from '../event-log.ts';
import { type AuditCheckpoint, parseCheckpoint } from './audit-checkpoint.ts';
import { type AuditCrypto, fromBase64, toBase64 } from './audit-crypto.ts';
import type { Claim } from './collect-claims.ts';
import { type Frontier, peakCount, rootOf } from './growing-tree.ts';
import { type NoteKey, openNote, parseNoteKey } from './signed-note.ts';
import { auditSubject } from './signed-stretch.ts';
import { hashBytes, type TreeHash } from './tree-hash.ts';

/** Checkpoints from elsewhere that a state remembers of each partition: the newest. */
export const comparedMax = 4_096;

const partitionSchema = Type.Object({
  note: Type.String({ description: 'A signed checkpoint that the records before it fitted.' }),
  peaks: Type.Array(Type.String(), { description: 'The peaks of the tree of its size, in base64.' }),
  compared: Type.Array(Type.String(), { description: 'Checkpoints from elsewhere that it is the continuation of.' }),
});
export type AuditStatePartition = Static<typeof partitionSchema>;

/** How far a verification has come: what another one needs to go on there. */
const auditStateSchema = Type.Object({
  hindcastAuditState: Type.Literal(1),
  logId: Type.String(),
  epoch: Type.Integer({ minimum: 0 }),
  auditFrom: Type.Integer({ minimum: 0, description: 'First offset of the audit topic that is not done with.' }),
  keys: Type.Array(Type.String()),
  partitions: Type.Array(partitionSchema),
});
export type AuditState = Static<typeof auditStateSchema>;

/** undefined where the text is no state. */
export const parseAuditState = (text: string): AuditState | undefined => {
  try {
    const parsed: unknown = JSON.parse(text);
    return Value.Check(auditStateSchema, parsed) ? parsed : undefined;
  } catch {
    return undefined;
  }
};

/** Nothing can go on from this state: it is of another log, or not as it was written. */
export class AuditStateRefused extends Error {
  constructor(why: string) {
    super(`The state of the verification ${why}. Verify without it, or begin a new one.`);
    this.name = 'AuditStateRefused';
  }
}

export interface ResumedPartition {
  readonly before: Frontier;
  readonly claim: Claim;
  readonly compared: ReadonlySet<string>;
}

/** What a verification goes on from, checked as far as it can be without reading the log. */
export interface ResumedAudit {
  readonly auditFrom: number;
  /** Whom the verification before trusted. */
  readonly keys: readonly NoteKey[];
  readonly bySubject: ReadonlyMap<string, ResumedPartition>;
}

export const comparedName = ({ size, root }: Pick<Claim, 'size' | 'root'>): string => `${size} ${toBase64(root)}`;

/**
 * A frontier counts only where it is that of a root that somebody trusted has signed: what was changed in it is seen at once.
 * @throws AuditStateRefused
 */
export const resumeAudit = (
  state: AuditState,
  identity: Pick<PartitionBounds, 'logId' | 'epoch'>,
  { crypto, hash, keys }: { readonly crypto: AuditCrypto; readonly hash: TreeHash; readonly keys?: readonly NoteKey[] },
): ResumedAudit => {
  const isOfThisLog = ({ logId, epoch }: Pick<AuditCheckpoint, 'logId' | 'epoch'>) =>
    logId === identity.logId && epoch === identity.epoch;
  if (!isOfThisLog(state))
    throw new AuditStateRefused(`is of the log ${state.logId} (epoch ${state.epoch}), not of this one`);
  const trusted = keys ?? state.keys.flatMap((text) => parseNoteKey(crypto, text) ?? []);
  const bySubject = new Map<string, ResumedPartition>();
  for (const { note, peaks, compared } of state.partitions) {
    const opened = openNote(crypto, trusted, note);
    const checkpoint = opened?.signature === 'valid' ? parseCheckpoint(opened.text) : undefined;
    if (!checkpoint) throw new AuditStateRefused('has a checkpoint that is not signed by a key that is trusted here');
    const subject = auditSubject(checkpoint);
    if (!isOfThisLog(checkpoint)) throw new AuditStateRefused('has a checkpoint of another log');
    const parsed = peaks.flatMap((peak) => fromBase64(peak, hashBytes) ?? []);
    const { size, root } = checkpoint;
    if (parsed.length !== peakCount(size) || parsed.length !== peaks.length || rootOf(hash, parsed) !== root)
      throw new AuditStateRefused(`has hashes of ${subject} that do not give the root that was signed`);
    const claim: Claim = { size, root, isSigned: true, auditOffset: undefined, note };
    bySubject.set(subject, { before: { size, peaks: parsed }, claim, compared: new Set(compared) });
  }
  return { auditFrom: state.auditFrom, keys: keys === undefined ? trusted : [], bySubject };
};

/**
 * Where hashing begins: behind the state, unless a checkpoint from elsewhere lies before it that it was never compared with.
 * Such a one would else be passed over in silence.
 */
export const beginOf = (claims: readonly Claim[], resumed: ResumedPartition | undefined): Frontier | undefined => {
  const isMissed = (claim: Claim) =>
    resumed &&
    claim.auditOffset === undefined &&
    claim.size < resumed.before.size &&
    !resumed.compared.has(comparedName(claim));
  return claims.some(isMissed) ? undefined : resumed?.before;
};
