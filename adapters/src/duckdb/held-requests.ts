/**
 * UTF-16 units of a line that is held, and of what is put behind it. Longer ones are few, and two of them in one line would
 * make DuckDB read the whole file with larger buffers.
 */
export const joinedUnitsMax = 32_768;

export interface HeldRequests {
  /** Answers the lines that are let go for it: the older ones where there is no more room, or itself where it is too long or its key has a request already. */
  hold(key: string, id: string, line: string): readonly string[];
  /** The line of the request of this key with this event id, which is held no longer. */
  take(key: string, id: string): string | undefined;
  takeAll(): readonly string[];
}

const none: readonly string[] = [];

/**
 * Lines of requests, of so many UTF-16 units in all, whose success may follow soon, as most do. The two become one line, which
 * spares DuckDB a join of two large tables. They are of two generations, and the older one goes as a whole: to take the first
 * entry of a map again and again is to pass over all that were deleted before it.
 */
export const createHeldRequests = (unitsMax: number): HeldRequests => {
  const newGeneration = () => ({ byKey: new Map<string, { readonly id: string; readonly line: string }>(), units: 0 });
  let older = newGeneration();
  let newer = newGeneration();
  const generationUnitsMax = unitsMax / 2;
  const turn = (): readonly string[] => {
    const lines = [...older.byKey.values()].map(({ line }) => line);
    older = newer;
    newer = newGeneration();
    return lines;
  };
  return {
    hold(key, id, line) {
      if (line.length > Math.min(joinedUnitsMax, generationUnitsMax)) return [line];
      if (newer.byKey.has(key) || older.byKey.has(key)) return [line];
      const out = newer.units + line.length > generationUnitsMax ? turn() : none;
      newer.byKey.set(key, { id, line });
      newer.units += line.length;
      return out;
    },
    take(key, id) {
      const generation = newer.byKey.has(key) ? newer : older;
      const found = generation.byKey.get(key);
      if (found?.id !== id) return undefined;
      generation.byKey.delete(key);
      generation.units -= found.line.length;
      return found.line;
    },
    takeAll: () => [...turn(), ...turn()],
  };
};
