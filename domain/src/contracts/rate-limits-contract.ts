import { describe, expect, it } from 'vitest';
import type { RateLimits } from '../rate-limits.ts';

export interface RateLimitsUnderTest {
  readonly limits: RateLimits;
  /** Another process that counts with it; the same where there is none. */
  readonly other: RateLimits;
  /** Lets a window of `windowMs` go by. */
  outlive(windowMs: number): Promise<void>;
  stop?(): Promise<void>;
}

/** Every adapter of `RateLimits` keeps these promises. */
export const rateLimitsContract = (name: string, open: () => Promise<RateLimitsUnderTest>): void => {
  const using = async (test: (under: RateLimitsUnderTest) => Promise<void>) => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.stop?.();
    }
  };
  const limit = { limit: 5, windowMs: 60_000 };

  describe(`rate limits: ${name}`, () => {
    it('count down to nothing, and then refuse', () =>
      using(async ({ limits }) => {
        for (let remaining = 4; remaining >= 0; remaining -= 1) {
          expect(await limits.take('a', 1, limit)).toMatchObject({ allowed: true, remaining });
        }
        const refused = await limits.take('a', 1, limit);
        expect(refused).toMatchObject({ allowed: false, remaining: 0 });
        expect(refused.resetMs).toBeGreaterThan(0);
        expect(refused.resetMs).toBeLessThanOrEqual(limit.windowMs);
      }));

    it('count each caller alone', () =>
      using(async ({ limits }) => {
        await limits.take('a', 5, limit);
        expect(await limits.take('b', 1, limit)).toMatchObject({ allowed: true, remaining: 4 });
      }));

    it('take nothing where a taking does not fit', () =>
      using(async ({ limits }) => {
        await limits.take('a', 3, limit);
        expect(await limits.take('a', 3, limit)).toMatchObject({ allowed: false, remaining: 2 });
        expect(await limits.take('a', 2, limit)).toMatchObject({ allowed: true, remaining: 0 });
        expect(await limits.take('b', 6, limit)).toMatchObject({ allowed: false, remaining: 5 });
      }));

    it('begin again after the window, however much was refused in it', () =>
      using(async ({ limits, outlive }) => {
        const short = { limit: 1, windowMs: 300 };
        expect(await limits.take('a', 1, short)).toMatchObject({ allowed: true });
        expect(await limits.take('a', 1, short)).toMatchObject({ allowed: false });
        await outlive(short.windowMs);
        expect(await limits.take('a', 1, short)).toMatchObject({ allowed: true, remaining: 0 });
      }));

    it('allow exactly so many of many that come at once, in all processes together', () =>
      using(async ({ limits, other }) => {
        const takings = Array.from({ length: 40 }, (_, i) => (i % 2 === 0 ? limits : other).take('a', 1, limit));
        expect((await Promise.all(takings)).filter(({ allowed }) => allowed)).toHaveLength(limit.limit);
      }));
  });
};
