/** Links that an item of an `EntryList` carries itself: leaving from the middle is O(1) and costs no allocation. */
export interface Linked<T> {
  newer: T | undefined;
  older: T | undefined;
}

/** A first-in first-out list. An item is in at most one list at a time. */
export interface EntryList<T> {
  readonly oldest: T | undefined;
  readonly size: number;
  push(item: T): void;
  remove(item: T): void;
}

export const createEntryList = <T extends Linked<T>>(): EntryList<T> => {
  let oldest: T | undefined;
  let newest: T | undefined;
  let size = 0;
  return {
    get oldest() {
      return oldest;
    },
    get size() {
      return size;
    },
    push(item) {
      item.older = newest;
      item.newer = undefined;
      if (newest) newest.newer = item;
      else oldest = item;
      newest = item;
      size += 1;
    },
    remove(item) {
      if (item.older) item.older.newer = item.newer;
      else oldest = item.newer;
      if (item.newer) item.newer.older = item.older;
      else newest = item.older;
      item.older = undefined;
      item.newer = undefined;
      size -= 1;
    },
  };
};
