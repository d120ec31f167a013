/** Those of the largest size, in falling order; all of them, as they come, where there are no more than `max`. */
export const largest = <Item>(items: readonly Item[], max: number, sizeOf: (item: Item) => number): readonly Item[] =>
  items.length <= max ? items : items.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, max);
