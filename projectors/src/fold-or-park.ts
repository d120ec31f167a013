import type { Parked, Stored } from '@hindcast/domain';
import type { Admitted } from './admit-records.ts';
import type { DeadLetter } from './dead-letters.ts';

interface Foldable<State> {
  readonly key: string;
  readonly pos: number;
  readonly state: State;
  readonly parked?: Parked;
}

const detailCharactersMax = 512;

/**
 * Folds the events behind `doc.pos`. A fold is deterministic, so what it throws it will always throw: the key is parked
 * at that event, which goes to the dead letters with every later event of the key. Other keys go on.
 * @returns the same document where all events were known to it
 */
export const foldOrPark = <State, E, Doc extends Foldable<State>>(
  doc: Doc,
  items: readonly Admitted<E>[],
  evolve: (state: State, stored: Stored<E>) => { readonly state: State },
): { readonly doc: Doc; readonly refused: readonly DeadLetter[] } => {
  let { state, pos, parked } = doc;
  const refused: DeadLetter[] = [];
  for (const item of items) {
    if (item.offset <= pos) continue;
    pos = item.offset;
    if (parked) {
      const detail = `The key is parked behind offset ${parked.offset}.`;
      refused.push({ record: item.record, reason: 'key_parked', detail });
      continue;
    }
    try {
      ({ state } = evolve(state, item));
    } catch (error) {
      const detail = String(error).slice(0, detailCharactersMax);
      parked = { offset: item.offset, detail };
      refused.push({ record: item.record, reason: 'fold_failed', detail });
    }
  }
  if (pos === doc.pos) return { doc, refused };
  return { doc: parked ? { ...doc, pos, state, parked } : { ...doc, pos, state }, refused };
};
