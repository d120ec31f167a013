import {
  type AuditCrypto,
  createTreeHash,
  createTreeProofs,
  findStretch,
  readRecentStretches,
  recordAt,
  retraceStretch,
  type SignedStretch,
  type Topic,
  toBase64,
} from '@hindcast/domain';
import type { QueryPorts } from './query-ports.ts';

/** Records whose leaves are hashed for one proof, and held meanwhile. */
export const consistencyRecordsMax = 1_048_576;

export interface ConsistencyProof {
  readonly topic: string;
  readonly partition: number;
  readonly oldSize: number;
  readonly size: number;
  readonly path: readonly string[];
  readonly checkpoint: string;
  readonly key: string;
}

type Proven =
  | { readonly ok: true; readonly proof: ConsistencyProof }
  | { readonly ok: false; readonly why: 'not signed' | 'changed' }
  | { readonly ok: false; readonly why: 'too long'; readonly records: number };

interface Asked {
  readonly topic: Topic;
  readonly partition: number;
  /** So many records an older checkpoint vouches for. */
  readonly oldSize: number;
  /** So many the newer one does; the newest checkpoint where it is undefined. */
  readonly size: number | undefined;
}

/** Proofs that a signed tree begins with an older one. Costs as much as the records between the two. */
export const consistencyProof = (log: QueryPorts['log'], crypto: Pick<AuditCrypto, 'sha256'>) => {
  /** The stretch of this log that holds the last record of a tree of this size. */
  const stretchAt = async (topic: Topic, partition: number, size: number): Promise<SignedStretch | undefined> => {
    const bounds = (await log.bounds(topic)).find((one) => one.partition === partition);
    if (!bounds || size > bounds.end) return undefined;
    const record = await recordAt(log, topic, partition, size - 1);
    const found = record && (await findStretch(log, record));
    return found?.checkpoint.epoch === bounds.epoch ? found : undefined;
  };
  const newest = async (topic: Topic, partition: number): Promise<SignedStretch | undefined> => {
    const { stretches } = await readRecentStretches(log);
    return [...stretches.values()].find(({ checkpoint: of }) => of.topic === topic && of.partition === partition);
  };

  return async ({ topic, partition, oldSize, size }: Asked): Promise<Proven> => {
    const newer = size === undefined ? await newest(topic, partition) : await stretchAt(topic, partition, size);
    if (!newer || newer.checkpoint.size < oldSize) return { ok: false, why: 'not signed' };
    if (size !== undefined && newer.checkpoint.size !== size) return { ok: false, why: 'not signed' };
    const older = await stretchAt(topic, partition, oldSize);
    if (!older) return { ok: false, why: 'not signed' };
    const { before } = older;
    const records = newer.checkpoint.size - before.size;
    if (records > consistencyRecordsMax) return { ok: false, why: 'too long', records };
    const hash = createTreeHash(crypto);
    const retraced = await retraceStretch(log, hash, { checkpoint: newer.checkpoint, before });
    if (retraced?.root !== newer.checkpoint.root) return { ok: false, why: 'changed' };
    const path = createTreeProofs(hash, { before, leaves: retraced.leaves }).consistency(oldSize).map(toBase64);
    const { note: checkpoint, key } = newer;
    return { ok: true, proof: { topic, partition, oldSize, size: newer.checkpoint.size, path, checkpoint, key } };
  };
};
