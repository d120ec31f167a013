/** How much may be taken in a window. A window begins with the first taking, and ends after `windowMs`. */
export interface RateLimit {
  readonly limit: number;
  readonly windowMs: number;
}

export interface RateTaking {
  readonly allowed: boolean;
  /** What is left of the window, after this. */
  readonly remaining: number;
  /** Time until the window ends and all is there again, at most `windowMs`. */
  readonly resetMs: number;
}

/**
 * Counts what callers take. A taking that does not fit is refused and takes nothing. Counts may be lost at any moment: a
 * caller then gets more than it should, never less. Never rejects.
 */
export interface RateLimits {
  take(key: string, cost: number, limit: RateLimit): Promise<RateTaking>;
}
