import {
  type AuditCrypto,
  createLeafEncoder,
  createTreeHash,
  createTreeProofs,
  findStretch,
  formatPosition,
  type Position,
  type RecordedRecord,
  recordAt,
  retraceStretch,
  type SignedStretch,
  TOPICS,
  toBase64,
} from '@hindcast/domain';
import type { QueryPorts } from './query-ports.ts';

/** An event that a checkpoint vouches for. */
interface CoveredEvent {
  readonly record: RecordedRecord;
  readonly stretch: SignedStretch;
}

export interface ProofPlan {
  /** In the order of the log. */
  readonly covered: readonly CoveredEvent[];
  /** Offsets of events that no checkpoint holds yet. */
  readonly pending: readonly number[];
}

export interface ProvenEvent {
  readonly position: string;
  readonly type: string;
  readonly leaf: string;
  readonly index: number;
  readonly size: number;
  readonly path: readonly string[];
  readonly checkpoint: string;
}

/** Proofs that events are in the log that was signed. Costs as much as the records between two checkpoints. */
export const predictionProof = (log: QueryPorts['log'], crypto: Pick<AuditCrypto, 'sha256'>) => {
  const holds = (stretch: SignedStretch | undefined, offset: number): boolean =>
    stretch !== undefined && stretch.before.size <= offset && offset < stretch.checkpoint.size;

  return {
    /** Which checkpoint to prove each event with. Events that follow each other mostly share one. */
    async plan(partition: number, offsets: readonly number[]): Promise<ProofPlan> {
      const covered: CoveredEvent[] = [];
      const pending: number[] = [];
      let stretch: SignedStretch | undefined;
      for (const offset of offsets) {
        const record = await recordAt(log, TOPICS.predictions, partition, offset);
        if (!record) continue;
        if (!holds(stretch, offset)) stretch = await findStretch(log, record);
        if (stretch) covered.push({ record, stretch });
        else pending.push(offset);
      }
      return { covered, pending };
    },

    /**
     * The proofs, one after the other. undefined in the place of one whose records are not those that were signed: then
     * there is none.
     */
    async *prove(covered: readonly CoveredEvent[], epoch: number): AsyncGenerator<ProvenEvent | undefined> {
      const hash = createTreeHash(crypto);
      const encode = createLeafEncoder();
      let made: { readonly of: SignedStretch; readonly proofs: ReturnType<typeof createTreeProofs> } | undefined;
      for (const { record, stretch } of covered) {
        if (made?.of !== stretch) {
          const retraced = await retraceStretch(log, hash, stretch);
          if (retraced?.root !== stretch.checkpoint.root) {
            yield undefined;
            return;
          }
          made = { of: stretch, proofs: createTreeProofs(hash, { before: stretch.before, leaves: retraced.leaves }) };
        }
        const { partition, offset } = record;
        const position: Position = { epoch, partition, offset };
        yield {
          position: formatPosition(position),
          type: record.headers['type'] ?? '',
          leaf: Buffer.from(encode(record).subarray(1)).toString('base64'),
          index: offset,
          size: stretch.checkpoint.size,
          path: made.proofs.inclusion(offset).map(toBase64),
          checkpoint: stretch.note,
        };
      }
    },
  };
};
