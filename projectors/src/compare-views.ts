import { isDeepStrictEqual } from 'node:util';
import { byUtf8, type Parked, type ScannedDoc, type ViewStore } from '@hindcast/domain';

/** Keys that are looked at again when both sides stand still. */
const unsettledKeysMax = 10_000;
const examplesMax = 10;
const loadKeysMax = 500;

/** Documents of one view of two generations, compared where both are at the same position. */
export interface Comparison {
  readonly equal: number;
  readonly different: number;
  /** Documents that only one of the two generations has. */
  readonly onlyLive: number;
  readonly onlyBuilt: number;
  /** Documents that differ and of which one side is parked: a repaired program folds what the other could not. */
  readonly parked: number;
  /** Documents that moved on while they were looked at. */
  readonly moving: number;
  /** Some keys of those that differ or that only one side has. */
  readonly examples: readonly string[];
}

export interface ViewComparer {
  /** Goes through all documents of both. Events may be folded meanwhile. */
  compareAll(): Promise<void>;
  /** Looks again at what was not at the same position. What differs only then is told once both stand still. */
  settle(at: { readonly standing: boolean }): Promise<void>;
  result(): Comparison;
}

export const createViewComparer = <
  Doc extends { readonly key: string; readonly pos: number; readonly parked?: Parked },
>(
  live: ViewStore<Doc>,
  built: ViewStore<Doc>,
): ViewComparer => {
  const counts = { equal: 0, different: 0, onlyLive: 0, onlyBuilt: 0, parked: 0 };
  const examples: string[] = [];
  let unsettled: string[] = [];
  let moving = 0;

  const tell = (kind: 'different' | 'onlyLive' | 'onlyBuilt', key: string): void => {
    counts[kind] += 1;
    if (examples.length < examplesMax) examples.push(key);
  };
  const later = (key: string): void => {
    if (unsettled.length < unsettledKeysMax) unsettled.push(key);
    else moving += 1;
  };
  const judge = (ours: Doc, theirs: Doc): void => {
    if (ours.pos !== theirs.pos) later(ours.key);
    else if (isDeepStrictEqual(ours, theirs)) counts.equal += 1;
    else if (ours.parked || theirs.parked) counts.parked += 1;
    else tell('different', ours.key);
  };

  return {
    async compareAll() {
      let unmatched: string[] = [];
      // The built one is never ahead of the live one: what only it had, the live one has by now, or will never have.
      const lookForUnmatched = async (): Promise<void> => {
        const found = await live.load(unmatched);
        for (const key of unmatched) {
          if (found.has(key)) later(key);
          else tell('onlyBuilt', key);
        }
        unmatched = [];
      };
      for await (const [ours, theirs] of sideBySide(live.scan(), built.scan())) {
        if (ours && theirs) {
          if (isStoredAlike(ours, theirs)) counts.equal += 1;
          else judge(ours.doc(), theirs.doc());
        } else if (ours) later(ours.key);
        else if (theirs && unmatched.push(theirs.key) >= loadKeysMax) await lookForUnmatched();
      }
      await lookForUnmatched();
    },
    async settle({ standing }) {
      const keys = unsettled;
      unsettled = [];
      for (let from = 0; from < keys.length; from += loadKeysMax) {
        const page = keys.slice(from, from + loadKeysMax);
        const [lives, builts] = await Promise.all([live.load(page), built.load(page)]);
        for (const key of page) {
          const [ours, theirs] = [lives.get(key), builts.get(key)];
          if (ours && theirs) judge(ours, theirs);
          else if (ours && standing) tell('onlyLive', key);
          else if (ours) later(key);
        }
      }
    },
    result: () => ({ ...counts, moving: moving + unsettled.length, examples }),
  };
};

const isStoredAlike = <Doc>({ stored }: ScannedDoc<Doc>, other: ScannedDoc<Doc>): boolean =>
  stored?.every((value, at) => value === other.stored?.[at]) ?? false;

type Pages<Doc> = AsyncIterable<readonly ScannedDoc<Doc>[]>;
type Pair<Doc> = readonly [ScannedDoc<Doc> | undefined, ScannedDoc<Doc> | undefined];

/** The documents of both by key. What has no other half at its place stands alone. */
async function* sideBySide<Doc>(ours: Pages<Doc>, theirs: Pages<Doc>): AsyncGenerator<Pair<Doc>> {
  const [mine, others] = [oneByOne(ours), oneByOne(theirs)];
  let [one, other] = [await mine.next(), await others.next()];
  while (!one.done || !other.done) {
    const order = one.done ? 1 : other.done ? -1 : byUtf8(one.value.key, other.value.key);
    yield [order <= 0 ? one.value : undefined, order >= 0 ? other.value : undefined];
    if (order <= 0) one = await mine.next();
    if (order >= 0) other = await others.next();
  }
}

async function* oneByOne<Doc>(pages: Pages<Doc>): AsyncGenerator<ScannedDoc<Doc>, undefined> {
  for await (const page of pages) yield* page;
  return undefined;
}
