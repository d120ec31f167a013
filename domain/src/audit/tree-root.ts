import { readWhole } from '../datasets/read-cut.ts';
import type { PartitionBounds, Topic } from '../event-log.ts';
import { JobFailure } from '../job-handler.ts';
import { recordAt } from '../record-at.ts';
import type { ReadableLog } from '../replay-plan.ts';
import type { ByteText } from './audit-crypto.ts';
import { findStretch } from './find-stretch.ts';
import { emptyFrontier, growTree } from './growing-tree.ts';
import { type RecentStretches, readRecentStretches } from './recent-stretches.ts';
import { auditSubject, type SignedStretch } from './signed-stretch.ts';
import type { TreeHash } from './tree-hash.ts';

/** The root of the tree over the first `size` records of a partition: what a checkpoint of that size says. */
export interface TreeRoot extends TreeSize {
  readonly root: ByteText;
}

export interface TreeSize {
  readonly partition: number;
  readonly size: number;
}

/** What is stored is not what a checkpoint was made of. */
export class LogChanged extends JobFailure {
  constructor(topic: Topic, partition: number, from: number, to: number) {
    const where = `${topic}, partition ${partition}: the records from offset ${from} to ${to - 1}`;
    super('log_changed', `${where} are not those that were signed. Run \`hindcast audit verify\`.`);
    this.name = 'LogChanged';
  }
}

export interface TreeRootOptions {
  /** Hashes every record, however many checkpoints say what they are, and asks for at least one that does. */
  readonly verified?: boolean;
  readonly onPage?: () => void;
}

/**
 * Roots follow from the records alone, whether or not they were signed. Where they were, hashing begins at the checkpoint
 * that is nearest, so that it takes a moment however long the log is: what it says of the records before is not looked at,
 * unless they are to be `verified`. Without any checkpoint everything is hashed.
 * @throws LogChanged where the records are not those of the checkpoint, IncompleteCut where one is missing, a JobFailure
 * `not_signed` where they are to be verified and no checkpoint says what they were
 */
export const readTreeRoots = async (
  log: ReadableLog,
  hash: TreeHash,
  topic: Topic,
  sizes: readonly TreeSize[],
  { verified = false, onPage = () => {} }: TreeRootOptions = {},
): Promise<readonly TreeRoot[]> => {
  const recent = await readRecentStretches(log);
  const bounds = await log.bounds(topic);
  const roots: TreeRoot[] = [];
  for (const { partition, size } of sizes) {
    const of = bounds.find((one) => one.partition === partition);
    const stretch = of && size > 0 ? await nearestStretch(log, recent, topic, of, size) : undefined;
    // The first record of a partition opens it, and nothing has been predicted with it.
    if (verified && !stretch && size > 1) throw new JobFailure('not_signed', notSigned(topic, partition));
    const root = await rootAt(log, hash, { topic, partition, size }, stretch, { verified, onPage });
    roots.push({ partition, size, root });
  }
  return roots;
};

const notSigned = (topic: Topic, partition: number): string =>
  `No checkpoint says what the records of ${topic}, partition ${partition}, were: nothing signs this log, or not yet. Leave verified out, or see that HINDCAST_AUDIT is on.`;

/** The checkpoint whose stretch holds the last record, else the newest one before it. */
const nearestStretch = async (
  log: ReadableLog,
  { stretches }: RecentStretches,
  topic: Topic,
  { partition }: PartitionBounds,
  size: number,
): Promise<SignedStretch | undefined> => {
  const newest = stretches.get(auditSubject({ topic, partition }));
  if (!newest || newest.before.size < size) return newest;
  const last = await recordAt(log, topic, partition, size - 1);
  return last && findStretch(log, last);
};

const rootAt = async (
  log: ReadableLog,
  hash: TreeHash,
  { topic, partition, size }: TreeSize & { readonly topic: Topic },
  stretch: SignedStretch | undefined,
  { verified, onPage }: Required<TreeRootOptions>,
): Promise<ByteText> => {
  if (stretch?.checkpoint.size === size && !verified) return stretch.checkpoint.root;
  const before = (!verified && stretch?.before) || emptyFrontier;
  const tree = growTree(hash, before);
  const to = Math.max(size, stretch?.checkpoint.size ?? 0);
  let root = hash.empty;
  for await (const page of readWhole(log, topic, { partition, from: before.size, to })) {
    onPage();
    for (const record of page) {
      tree.push(hash.record(record));
      if (tree.size === size) root = tree.root();
      if (tree.size === stretch?.checkpoint.size && tree.root() !== stretch.checkpoint.root)
        throw new LogChanged(topic, partition, before.size, tree.size);
    }
  }
  return root;
};
