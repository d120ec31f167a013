import type { Clock } from '@hindcast/domain';

/** Remembers for a moment which models do not load, so that a queue of their work does not load them again and again. */
export interface LoadFailures {
  /** Why it did not load; undefined where nothing is remembered. */
  get(sha256: string): string | undefined;
  set(sha256: string, detail: string): void;
}

const rememberedMs = 10_000;
const rememberedMax = 1_000;

export const createLoadFailures = (now: Clock): LoadFailures => {
  const failures = new Map<string, { readonly detail: string; readonly until: number }>();
  return {
    get(sha256) {
      const failure = failures.get(sha256);
      if (!failure) return undefined;
      if (failure.until > now()) return failure.detail;
      failures.delete(sha256);
      return undefined;
    },
    set(sha256, detail) {
      failures.delete(sha256);
      failures.set(sha256, { detail, until: now() + rememberedMs });
      const [oldest] = failures.keys();
      if (failures.size > rememberedMax && oldest !== undefined) failures.delete(oldest);
    },
  };
};
