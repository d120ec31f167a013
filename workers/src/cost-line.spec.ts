import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createCostLine } from './cost-line.ts';

describe('cost line', () => {
  it('finds the fixed and the growing part', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.01, max: 20, noNaN: true }),
        fc.double({ min: 0, max: 50, noNaN: true }),
        (a, b) => {
          const line = createCostLine();
          for (let i = 0; i < 60; i++) line.learn((i % 8) + 1, a * ((i % 8) + 1) + b);
          expect(line.expectedMs(32)).toBeCloseTo(a * 32 + b, 3);
          expect(line.rowsWithin(a * 10.5 + b)).toBe(10);
        },
      ),
    );
  });

  it('knows nothing at first, and one row is always allowed', () => {
    const line = createCostLine();
    expect([line.expectedMs(1), line.rowsWithin(50), line.perRowMs()]).toEqual([undefined, 1, 0]);
    line.learn(1, 400);
    expect(line.rowsWithin(50)).toBe(1);
  });

  it('is careful while all runs had one size', () => {
    const line = createCostLine();
    for (let i = 0; i < 5; i++) line.learn(1, 10);
    expect(line.rowsWithin(50)).toBe(5);
  });

  it('is not thrown off by one stall, and follows a lasting change', () => {
    const line = createCostLine();
    for (let i = 0; i < 50; i++) line.learn((i % 4) + 1, (i % 4) + 1);
    line.learn(4, 10_000);
    expect(line.expectedMs(4)).toBeLessThan(8);
    for (let i = 0; i < 200; i++) line.learn((i % 4) + 1, 5 * ((i % 4) + 1));
    expect(line.expectedMs(4)).toBeGreaterThan(16);
  });
});
