import { expect, it } from 'vitest';
import type { DuckdbSession } from './duckdb-session.ts';
import { createSessionLanes } from './session-lanes.ts';

const session = (): DuckdbSession => ({ run: async () => {}, rows: async () => [] });
const noRelease = async () => {};

it('begins with some sessions, and gives each what waits when it is done with one piece', async () => {
  const [first, second] = [session(), session()];
  const lanes = createSessionLanes([first, second], noRelease, 1);
  const done: string[] = [];
  const ends = new Map<string, () => void>();
  const begun = (name: string) => expect.poll(() => ends.has(name)).toBe(true);
  const work = (name: string) => async (on: DuckdbSession) => {
    await new Promise<void>((resolve) => ends.set(name, resolve));
    done.push(`${name} ${on === first ? 1 : 2}`);
  };
  for (const name of ['a', 'b', 'c', 'd']) lanes.give(work(name));
  ends.get('a')?.();
  await begun('b');
  expect([...ends.keys()]).toEqual(['a', 'b']);
  lanes.openAll();
  await begun('c');
  ends.get('c')?.();
  await begun('d');
  ends.get('b')?.();
  ends.get('d')?.();
  await lanes.idle();
  expect(done).toEqual(['a 1', 'c 2', 'b 1', 'd 2']);
});

it.each([
  'Out of Memory Error: failed to pin block',
  'TransactionContext Error: Failed to commit: could not allocate block of size 256.0 KiB (255.9 MiB/256.0 MiB used)',
])('does once more, alone, what found no room beside other work: %s', async (message) => {
  const [first, second] = [session(), session()];
  const released: DuckdbSession[] = [];
  const lanes = createSessionLanes([first, second], async (one) => void released.push(one));
  const tries: boolean[] = [];
  lanes.give(async () => {
    tries.push(released.length > 0);
    if (tries.length === 1) throw new Error(message);
  });
  await lanes.idle();
  lanes.throwIfFailed();
  expect(tries).toEqual([false, true]);
  expect(released).toEqual([first, second]);
});

it('fails where there is no room even alone, and begins nothing after a failure', async () => {
  const lanes = createSessionLanes([session()], noRelease);
  let isBegun = false;
  lanes.give(async () => {
    throw new Error('Out of Memory Error: failed to pin block');
  });
  lanes.give(async () => {
    isBegun = true;
  });
  await lanes.idle();
  expect(() => lanes.throwIfFailed()).toThrow('Out of Memory');
  expect(isBegun).toBe(false);
});
