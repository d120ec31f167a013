import type { Priority } from '@hindcast/domain';
import { createEntryList, type EntryList, type Linked } from './entry-list.ts';
import type { HeapItem } from './indexed-heap.ts';

/** One prediction that waits for a run. */
export interface Job extends Linked<Job>, HeapItem {
  /** Fairness, caps and batches are per model version, `tenant/name@version`: two versions of one file may read rows differently. */
  readonly model: string;
  readonly sha256: string;
  readonly priority: Priority;
  /** Log time of the request, ms since 1970. */
  readonly at: number;
  /** ms since 1970. */
  readonly deadlineAt: number;
  /** Jobs of one model and shape fit into one run. */
  readonly shape: string;
  /** Tensor elements that it adds to a run. */
  readonly elements: number;
  /** Must not share its run. */
  alone: boolean;
  /** Where it is queued. */
  group: JobGroup | undefined;
}

/** Jobs that may share a run, first in first out per priority. */
export interface JobGroup extends HeapItem {
  readonly shape: string;
  readonly lists: Readonly<Record<Priority, EntryList<Job>>>;
  readonly size: number;
  /** The least order of its first jobs: what the group is picked by. */
  order: number;
}

/**
 * Smaller goes first: the request's age, behind a handicap for its priority. Old work of a low priority thus passes
 * younger work of a higher one after a fixed time, and nothing starves.
 */
export const orderOf = (job: Pick<Job, 'at' | 'priority'>, agingMs: number): number =>
  job.at + handicaps[job.priority] * agingMs;

const handicaps: Readonly<Record<Priority, number>> = { high: 0, normal: 1, low: 2 };

export const createJobGroup = (shape: string): JobGroup => {
  const lists = {
    high: createEntryList<Job>(),
    normal: createEntryList<Job>(),
    low: createEntryList<Job>(),
  };
  return {
    heapIndex: -1,
    shape,
    lists,
    get size() {
      return lists.high.size + lists.normal.size + lists.low.size;
    },
    order: Number.POSITIVE_INFINITY,
  };
};

/** The job of the group that goes first, undefined where it is empty. */
export const firstOf = ({ lists }: JobGroup, agingMs: number): Job | undefined => {
  let first = lists.high.oldest;
  if (lists.normal.oldest) first = earlier(first, lists.normal.oldest, agingMs);
  if (lists.low.oldest) first = earlier(first, lists.low.oldest, agingMs);
  return first;
};

const earlier = (a: Job | undefined, b: Job, agingMs: number): Job =>
  a && orderOf(a, agingMs) <= orderOf(b, agingMs) ? a : b;
