/** Keys that one read names. */
const keysMax = 500;

interface Asked<Doc> {
  readonly resolve: (doc: Doc | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads of single keys that are asked for in the same turn of the event loop go out as one: a command costs the driver
 * more than a document does. No read begins before it is asked for.
 */
export const gatheredReads = <Doc>(
  load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Doc>>,
): ((key: string) => Promise<Doc | undefined>) => {
  let gathering = new Map<string, Asked<Doc>[]>();

  const send = async (): Promise<void> => {
    const asked = gathering;
    if (asked.size === 0) return;
    gathering = new Map();
    try {
      const found = await load([...asked.keys()]);
      for (const [key, all] of asked) for (const { resolve } of all) resolve(found.get(key));
    } catch (error) {
      for (const all of asked.values()) for (const { reject } of all) reject(error);
    }
  };

  return (key) =>
    new Promise((resolve, reject) => {
      const all = gathering.get(key);
      if (all) all.push({ resolve, reject });
      else gathering.set(key, [{ resolve, reject }]);
      if (gathering.size === 1 && !all) setImmediate(send);
      else if (gathering.size === keysMax) void send();
    });
};
