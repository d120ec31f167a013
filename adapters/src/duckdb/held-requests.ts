export interface HeldRequests {
  /** Answers the line that is held no longer, or not at all: this one, where the key has a request already, or the oldest where there are too many. */
  hold(key: string, id: string, line: string): string | undefined;
  /** The line of the request of this key with this event id, which is held no longer. */
  take(key: string, id: string): string | undefined;
  takeAll(): readonly string[];
}

/** Lines of requests whose success may follow soon, as most do. The two become one line, which spares DuckDB a join of two large tables. */
export const createHeldRequests = (heldMax: number): HeldRequests => {
  const held = new Map<string, { readonly id: string; readonly line: string }>();
  return {
    hold(key, id, line) {
      if (held.has(key)) return line;
      held.set(key, { id, line });
      if (held.size <= heldMax) return undefined;
      for (const [oldest, { line: out }] of held) {
        held.delete(oldest);
        return out;
      }
      return undefined;
    },
    take(key, id) {
      const found = held.get(key);
      if (found?.id !== id) return undefined;
      held.delete(key);
      return found.line;
    },
    takeAll() {
      const lines = [...held.values()].map(({ line }) => line);
      held.clear();
      return lines;
    },
  };
};
