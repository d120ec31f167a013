export interface HeldRequests {
  /** false where its key has a request already, which stays. */
  hold(key: string, id: string, line: string): boolean;
  /** The line of the request of this key with this event id, which is held no longer. */
  take(key: string, id: string): string | undefined;
  /** The oldest line, held no longer, where there are more than may be. */
  takeSurplus(): string | undefined;
  takeAll(): readonly string[];
}

/**
 * Lines of requests, of so many UTF-16 units in all, whose success may follow soon, as most do. The two become one line, which
 * spares DuckDB a join of two large tables.
 */
export const createHeldRequests = (unitsMax: number): HeldRequests => {
  const held = new Map<string, { readonly id: string; readonly line: string }>();
  let units = 0;
  const remove = (key: string, line: string): string => {
    held.delete(key);
    units -= line.length;
    return line;
  };
  return {
    hold(key, id, line) {
      if (held.has(key)) return false;
      held.set(key, { id, line });
      units += line.length;
      return true;
    },
    take(key, id) {
      const found = held.get(key);
      return found?.id === id ? remove(key, found.line) : undefined;
    },
    takeSurplus() {
      if (units <= unitsMax) return undefined;
      for (const [oldest, { line }] of held) return remove(oldest, line);
      return undefined;
    },
    takeAll: () => [...held].map(([key, { line }]) => remove(key, line)),
  };
};
