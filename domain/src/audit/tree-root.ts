import { readWhole } from '../datasets/read-cut.ts';
import type { PartitionBounds, Topic } from '../event-log.ts';
import { JobFailure } from '../job-handler.ts';
import { recordAt } from '../record-at.ts';
import type { ReadableLog } from '../replay-plan.ts';
import type { ByteText } from './audit-crypto.ts';
import { findStretch } from './find-stretch.ts';
import { emptyFrontier, type Frontier, growTree, rootOf } from './growing-tree.ts';
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
    super('log_changed', `${where} are not those that were signed. Run \`npx hindcast audit verify\`.`);
    this.name = 'LogChanged';
  }
}

/** How far the tree of a partition is hashed, up to the size that its root is asked for. */
export interface HashedTree extends Frontier {
  readonly partition: number;
}

export interface HashedTrees {
  readonly trees: readonly HashedTree[];
  /** Records of which the hash is known, whether from a checkpoint, an earlier reading or this one: the same in each attempt. */
  readonly done: number;
  /** All records that the roots are over. */
  readonly total: number;
}

export interface TreeRootOptions {
  /** Hashes every record, however many checkpoints say what they are, and asks for at least one that does. */
  readonly verified?: boolean;
  /** What an earlier reading of the same sizes has come to: this one goes on from there, and does not look again at what lies before. */
  readonly known?: readonly HashedTree[];
  /** Called at the beginning and after each page, and waited for. */
  readonly onPage?: (hashed: HashedTrees) => void | Promise<void>;
}

/** A root that is asked for, and what is known of it before anything is hashed. */
interface WantedRoot extends TreeSize {
  readonly stretch: SignedStretch | undefined;
  /** What its checkpoint says where nothing is to be hashed. */
  readonly told: ByteText | undefined;
  /** Where the records begin that are compared with the checkpoint. */
  readonly from: Frontier;
  /** What an earlier reading had hashed and need not be hashed again. */
  readonly known: HashedTree | undefined;
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
  { verified = false, known = [], onPage = () => {} }: TreeRootOptions = {},
): Promise<readonly TreeRoot[]> => {
  const recent = await readRecentStretches(log);
  const bounds = await log.bounds(topic);
  const wanted: WantedRoot[] = [];
  for (const { partition, size } of sizes) {
    const of = bounds.find((one) => one.partition === partition);
    const stretch = of && size > 0 ? await nearestStretch(log, recent, topic, of, size) : undefined;
    // The first record of a partition opens it, and nothing has been predicted with it.
    if (verified && !stretch && size > 1) throw new JobFailure('not_signed', notSigned(topic, partition));
    const told = stretch?.checkpoint.size === size && !verified ? stretch.checkpoint.root : undefined;
    const from = (!verified && stretch?.before) || emptyFrontier;
    const one = { partition, size, stretch, told, from };
    wanted.push({ ...one, known: known.find((tree) => tree.partition === partition) });
  }
  const trees = new Map(wanted.flatMap((one) => (one.known ? [[one.partition, one.known] as const] : [])));
  const total = wanted.reduce((sum, { size }) => sum + size, 0);
  let done = wanted.reduce((sum, one) => sum + reachedOf(one), 0);
  await onPage({ trees: [...trees.values()], done, total });
  const roots: TreeRoot[] = [];
  for (const one of wanted) {
    const { partition, size, told } = one;
    const before = done - reachedOf(one);
    const root =
      told ??
      (await rootAt(log, hash, topic, one, (tree) => {
        trees.set(partition, { ...tree, partition });
        done = before + tree.size;
        return onPage({ trees: [...trees.values()], done, total });
      }));
    roots.push({ partition, size, root });
  }
  return roots;
};

const reachedOf = (one: WantedRoot): number =>
  one.told === undefined ? Math.min(one.size, startOf(one).size) : one.size;

/** Where hashing begins: a checkpoint that came meanwhile may be further than what was hashed. */
const startOf = ({ from, known }: WantedRoot): Frontier => (known && known.size > from.size ? known : from);

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
  topic: Topic,
  wantedRoot: WantedRoot,
  onPage: (tree: Frontier) => void | Promise<void>,
): Promise<ByteText> => {
  const { partition, size, stretch, from } = wantedRoot;
  const tree = growTree(hash, startOf(wantedRoot));
  let whole: Frontier | undefined;
  const look = (): void => {
    if (tree.size === size) whole = tree.frontier();
    if (tree.size === stretch?.checkpoint.size && tree.root() !== stretch.checkpoint.root)
      throw new LogChanged(topic, partition, from.size, tree.size);
  };
  look();
  const to = Math.max(size, stretch?.checkpoint.size ?? 0);
  for await (const page of readWhole(log, topic, { partition, from: tree.size, to })) {
    for (const record of page) {
      tree.push(hash.record(record));
      look();
    }
    await onPage(whole ?? tree.frontier());
  }
  return rootOf(hash, whole?.peaks ?? []);
};
