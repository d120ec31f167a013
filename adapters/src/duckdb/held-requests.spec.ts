import fc from 'fast-check';
import { expect, it } from 'vitest';
import { createHeldRequests, joinedUnitsMax } from './held-requests.ts';

it('gives a request to the success that names it, once', () => {
  const held = createHeldRequests(100);
  expect(held.hold('a', '1', 'line a')).toEqual([]);
  expect(held.take('b', '1')).toBeUndefined();
  expect(held.take('a', '2')).toBeUndefined();
  expect(held.take('a', '1')).toBe('line a');
  expect(held.take('a', '1')).toBeUndefined();
});

it('keeps the first request of a key, and takes no second one', () => {
  const held = createHeldRequests(100);
  held.hold('a', '1', 'first');
  expect(held.hold('a', '1', 'second')).toEqual(['second']);
  expect(held.take('a', '1')).toBe('first');
});

it('lets the older ones go where there is no room, and all at the end, in their order', () => {
  const held = createHeldRequests(16);
  const hold = (key: string) => held.hold(key, '1', key.repeat(4));
  expect([hold('a'), hold('b'), hold('c')]).toEqual([[], [], []]);
  expect(held.take('a', '1')).toBe('aaaa');
  expect([hold('d'), hold('e')]).toEqual([[], ['bbbb']]);
  expect(held.take('b', '1')).toBeUndefined();
  expect(hold('d')).toEqual(['dddd']);
  expect(held.takeAll()).toEqual(['cccc', 'dddd', 'eeee']);
  expect(held.takeAll()).toEqual([]);
});

it('holds no line that would be very long with its success behind it', () => {
  const held = createHeldRequests(10 * joinedUnitsMax);
  const long = 'a'.repeat(joinedUnitsMax + 1);
  expect(held.hold('a', '1', long)).toEqual([long]);
  expect(held.hold('a', '1', long.slice(1))).toEqual([]);
  expect(createHeldRequests(0).hold('a', '1', 'a')).toEqual(['a']);
});

it('holds no more than it may, and gives each line back once', () => {
  const step = fc.record({ key: fc.nat({ max: 30 }), length: fc.integer({ min: 1, max: 70 }), isEnd: fc.boolean() });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: 'max' }), (steps) => {
      const held = createHeldRequests(100);
      const asked: string[] = [];
      const back: string[] = [];
      const units = (lines: readonly string[]) => lines.reduce((sum, { length }) => sum + length, 0);
      for (const [at, { key, length, isEnd }] of steps.entries()) {
        const taken = isEnd ? held.take(String(key), '1') : undefined;
        if (taken !== undefined) back.push(taken);
        if (isEnd) continue;
        const line = `${at}`.padEnd(length, '.');
        asked.push(line);
        back.push(...held.hold(String(key), '1', line));
        expect(units(asked) - units(back)).toBeLessThanOrEqual(100);
      }
      back.push(...held.takeAll());
      expect(back.sort()).toEqual(asked.sort());
    }),
  );
});
