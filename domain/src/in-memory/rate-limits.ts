import type { Clock } from '../ports.ts';
import type { RateLimits } from '../rate-limits.ts';

/** Counts within one process. Beyond `entriesMax` callers, the windows that began first are forgotten. */
export const createMemoryRateLimits = ({
  now,
  entriesMax = 100_000,
}: {
  now: Clock;
  entriesMax?: number;
}): RateLimits => {
  const windows = new Map<string, { taken: number; readonly endsAt: number }>();

  return {
    async take(key, cost, { limit, windowMs }) {
      const at = now();
      let window = windows.get(key);
      if (!window || window.endsAt <= at) {
        windows.delete(key);
        window = { taken: 0, endsAt: at + windowMs };
        windows.set(key, window);
        for (const oldest of windows.keys()) {
          if (windows.size <= entriesMax) break;
          windows.delete(oldest);
        }
      }
      const allowed = window.taken + cost <= limit;
      if (allowed) window.taken += cost;
      const resetMs = Math.min(window.endsAt - at, windowMs);
      return { allowed, remaining: Math.max(0, limit - window.taken), resetMs };
    },
  };
};
