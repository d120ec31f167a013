import type { Checkpoint, ViewStore, ViewWrite } from '@hindcast/domain';
import type { RecentDocs } from './recent-docs.ts';

/** Each lost swap means that another process moved the document on, so that few rounds suffice. */
const swapRoundsMax = 50;

interface Versioned {
  readonly key: string;
  readonly pos: number;
}

export interface FoldedView<Doc extends Versioned, Item> {
  readonly store: ViewStore<Doc>;
  readonly recent: RecentDocs<Doc>;
  /** The document after the items behind `base.pos`; `base` itself where there are none. Called again after a lost swap. */
  fold(base: Doc | undefined, key: string, items: readonly Item[]): Doc;
  /** Whether a key with these items most likely has no document yet. A wrong guess costs one lost swap. */
  isNew?(items: readonly Item[]): boolean;
  /** Whether more items are likely to come for this document. */
  keeps(doc: Doc): boolean;
  /** Makes durable what must be so before the documents say that it happened. */
  beforeSave?(): Promise<void>;
}

/** What a batch made of one key. `before` is `doc` itself where the store had all of it already. */
export interface Swapped<Doc> {
  readonly before: Doc | undefined;
  readonly doc: Doc;
}

/**
 * Reads the documents of the keys, folds what they have not seen, and writes each by compare-and-swap; keys that lost
 * are read and folded again. When it resolves, every item is in the store exactly once, and so is the checkpoint where
 * there is one.
 */
export const readFoldSwap = async <Doc extends Versioned, Item>(
  groups: ReadonlyMap<string, readonly Item[]>,
  checkpoint: Checkpoint | undefined,
  view: FoldedView<Doc, Item>,
): Promise<ReadonlyMap<string, Swapped<Doc>>> => {
  const swapped = new Map<string, Swapped<Doc>>();
  let open = groups;
  for (let round = 0; round < swapRoundsMax; round++) {
    const bases = await readBases(open, view, round > 0);
    const writes: ViewWrite<Doc>[] = [];
    for (const [key, items] of open) {
      const before = bases.get(key);
      const doc = view.fold(before, key, items);
      swapped.set(key, { before, doc });
      if (doc !== before) writes.push({ doc, base: before?.pos });
    }
    await view.beforeSave?.();
    const lost = writes.length > 0 || checkpoint ? await view.store.save(writes, checkpoint) : [];
    remember(writes, lost, view);
    if (lost.length === 0) return swapped;
    open = new Map(lost.map((key) => [key, groups.get(key) ?? []]));
  }
  throw new Error(`${open.size} documents, such as ${[...open.keys()][0]}, lost ${swapRoundsMax} swaps in a row.`);
};

const readBases = async <Doc extends Versioned, Item>(
  groups: ReadonlyMap<string, readonly Item[]>,
  { recent, isNew, store }: FoldedView<Doc, Item>,
  afterLoss: boolean,
): Promise<ReadonlyMap<string, Doc>> => {
  if (afterLoss) return store.load([...groups.keys()]);
  const bases = new Map<string, Doc>();
  const unread: string[] = [];
  for (const [key, items] of groups) {
    const doc = recent.get(key);
    if (doc) bases.set(key, doc);
    else if (!isNew?.(items)) unread.push(key);
  }
  if (unread.length > 0) for (const [key, doc] of await store.load(unread)) bases.set(key, doc);
  return bases;
};

const remember = <Doc extends Versioned, Item>(
  writes: readonly ViewWrite<Doc>[],
  lost: readonly string[],
  { recent, keeps }: FoldedView<Doc, Item>,
): void => {
  const lostKeys = new Set(lost);
  for (const { doc } of writes) {
    if (!lostKeys.has(doc.key) && keeps(doc)) recent.keep(doc.key, doc);
    else recent.forget(doc.key);
  }
};
