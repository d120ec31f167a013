const patienceMsMax = 3_000;
const patienceMsMin = 100;

/** How long the members of this process wait for what they say when they leave. */
export interface FarewellPatience {
  /** Resolves with the work, or without it: whoever does not say that it leaves is missed when its session runs out. */
  within(work: Promise<unknown>): Promise<'done' | 'late'>;
}

/**
 * Shared by all members: whoever begins to wait after one that waited in vain waits half as long, so that together they end in
 * seconds. Those that wait at the same time do so equally long.
 */
export const createFarewellPatience = (): FarewellPatience => {
  let patienceMs = patienceMsMax;
  return {
    async within(work) {
      let timer: NodeJS.Timeout | undefined;
      const mineMs = patienceMs;
      const late = new Promise<'late'>((resolve) => {
        timer = setTimeout(() => resolve('late'), mineMs);
      });
      const how = await Promise.race([work.then(() => 'done' as const), late]).finally(() => clearTimeout(timer));
      patienceMs = how === 'done' ? patienceMsMax : Math.max(patienceMsMin, Math.min(patienceMs, mineMs / 2));
      return how;
    },
  };
};
