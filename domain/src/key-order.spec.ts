import fc from 'fast-check';
import { expect, it } from 'vitest';
import { byUtf8 } from './key-order.ts';

const text = fc.string({ unit: fc.constantFrom('a', 'b', '\u0000', 'é', '\ud7ff', '\ue000', '\uffee', '𐀀', '🙂') });

it('orders keys as their bytes do', () => {
  fc.assert(
    fc.property(text, text, (a, b) => {
      expect(Math.sign(byUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
    { numRuns: 2_000 },
  );
});
