import { expect, it } from 'vitest';
import { sessionStoreContract } from '../contracts/session-store-contract.ts';
import { sessionAgeMsMax } from '../session-store.ts';
import { createMemorySessionStore } from './session-store.ts';

const session = { user: 'u', data: '' };
const idOf = (letter: string) => letter.repeat(30);

sessionStoreContract('in memory', async () => {
  let time = 1_000;
  return {
    sessions: createMemorySessionStore({ now: () => time }),
    async outlive(ms) {
      time += ms;
    },
  };
});

it('ends a session at its greatest age, however often it is touched', async () => {
  let time = 0;
  const sessions = createMemorySessionStore({ now: () => time });
  const dayMs = 86_400_000;
  await sessions.put(idOf('a'), session, 2 * dayMs);
  for (; time < sessionAgeMsMax; time += dayMs) expect(await sessions.touch(idOf('a'), 2 * dayMs)).toBe(true);
  expect(await sessions.get(idOf('a'))).toBeUndefined();
});

it('lets the oldest sessions go when there are too many', async () => {
  const sessions = createMemorySessionStore({ now: () => 0, entriesMax: 2 });
  for (const letter of ['a', 'b', 'c']) await sessions.put(idOf(letter), session, 1_000);
  expect(await sessions.get(idOf('a'))).toBeUndefined();
  expect(await sessions.get(idOf('c'))).toEqual(session);
});
