import { expect, it } from 'vitest';
import type { DuckdbSession } from './duckdb-session.ts';
import { createSessionLanes } from './session-lanes.ts';

const session = (): DuckdbSession => ({ run: async () => {}, rows: async () => [] });
const noRelease = async () => {};

it('gives work to the session with the fewest records to come', async () => {
  const [first, second] = [session(), session()];
  const lanes = createSessionLanes([first, second], noRelease);
  const done: string[] = [];
  const note = (name: string) => async (on: DuckdbSession) => void done.push(`${name} ${on === first ? 1 : 2}`);
  lanes.give(10, note('large'));
  lanes.give(1, note('small'));
  lanes.give(1, note('next'));
  await lanes.idle();
  expect(done.toSorted()).toEqual(['large 1', 'next 2', 'small 2']);
});

it('does once more, alone, what found no room beside other work', async () => {
  const [first, second] = [session(), session()];
  const released: DuckdbSession[] = [];
  const lanes = createSessionLanes([first, second], async (one) => void released.push(one));
  const tries: boolean[] = [];
  lanes.give(1, async () => {
    tries.push(released.length > 0);
    if (tries.length === 1) throw new Error('Out of Memory Error: failed to pin block');
  });
  await lanes.idle();
  lanes.throwIfFailed();
  expect(tries).toEqual([false, true]);
  expect(released).toEqual([first, second]);
});

it('fails where there is no room even alone, and begins nothing after a failure', async () => {
  const lanes = createSessionLanes([session()], noRelease);
  let isBegun = false;
  lanes.give(1, async () => {
    throw new Error('Out of Memory Error: failed to pin block');
  });
  lanes.give(1, async () => {
    isBegun = true;
  });
  await lanes.idle();
  expect(() => lanes.throwIfFailed()).toThrow('Out of Memory');
  expect(isBegun).toBe(false);
});
