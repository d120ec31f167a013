/** An item knows its own place, so that it can leave from the middle in O(log n). */
export interface HeapItem {
  /** -1 outside the heap. */
  heapIndex: number;
}

export interface IndexedHeap<T extends HeapItem> {
  readonly size: number;
  peek(): T | undefined;
  add(item: T): void;
  remove(item: T): void;
  /** After the item's key changed. */
  moved(item: T): void;
}

/** Binary min-heap. Keys are read from the items and must only change right before `moved`. */
export const createIndexedHeap = <T extends HeapItem>(keyOf: (item: T) => number): IndexedHeap<T> => {
  const items: T[] = [];
  const put = (item: T, at: number) => {
    items[at] = item;
    item.heapIndex = at;
  };
  const up = (item: T) => {
    const key = keyOf(item);
    let at = item.heapIndex;
    while (at > 0) {
      const parentAt = (at - 1) >> 1;
      const parent = items[parentAt] as T;
      if (keyOf(parent) <= key) break;
      put(parent, at);
      at = parentAt;
    }
    put(item, at);
  };
  const down = (item: T) => {
    const key = keyOf(item);
    let at = item.heapIndex;
    for (;;) {
      let childAt = 2 * at + 1;
      if (childAt >= items.length) break;
      const right = items[childAt + 1];
      if (right && keyOf(right) < keyOf(items[childAt] as T)) childAt += 1;
      const child = items[childAt] as T;
      if (keyOf(child) >= key) break;
      put(child, at);
      at = childAt;
    }
    put(item, at);
  };
  const moved = (item: T) => {
    up(item);
    down(item);
  };
  return {
    get size() {
      return items.length;
    },
    peek: () => items[0],
    add(item) {
      item.heapIndex = items.length;
      items.push(item);
      up(item);
    },
    remove(item) {
      const at = item.heapIndex;
      if (at < 0) return;
      item.heapIndex = -1;
      const last = items.pop() as T;
      if (last === item) return;
      put(last, at);
      moved(last);
    },
    moved,
  };
};
