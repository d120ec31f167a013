import { describe, expect, it } from 'vitest';
import { type SessionStore, sessionAgeMsMax, sessionCharactersMax } from '../session-store.ts';

export interface SessionStoreUnderTest {
  readonly sessions: SessionStore;
  /** Lets so much time go by. */
  outlive(ms: number): Promise<void>;
  stop?(): Promise<void>;
}

/** Every adapter of `SessionStore` keeps these promises. */
export const sessionStoreContract = (name: string, open: () => Promise<SessionStoreUnderTest>): void => {
  const using = async (test: (under: SessionStoreUnderTest) => Promise<void>) => {
    const under = await open();
    try {
      await test(under);
    } finally {
      await under.stop?.();
    }
  };
  const [first, second, third] = ['a', 'b', 'c'].map((letter) => letter.repeat(32)) as [string, string, string];
  const session = { user: 'user-1', data: '{"role":"reader"}' };
  const hourMs = 3_600_000;
  const shortMs = 400;

  describe(`session store: ${name}`, () => {
    it('gives back what was put, by its id alone', () =>
      using(async ({ sessions }) => {
        expect(await sessions.put(first, session, hourMs)).toBe(true);
        expect(await sessions.get(first)).toEqual(session);
        expect(await sessions.get(second)).toBeUndefined();
        await sessions.put(first, { ...session, data: 'new' }, hourMs);
        expect((await sessions.get(first))?.data).toBe('new');
      }));

    it('forgets after its time, unless it was touched', () =>
      using(async ({ sessions, outlive }) => {
        await sessions.put(first, session, shortMs);
        await sessions.put(second, session, shortMs);
        expect(await sessions.touch(first, hourMs)).toBe(true);
        await outlive(shortMs);
        expect(await sessions.get(first)).toEqual(session);
        expect(await sessions.get(second)).toBeUndefined();
        expect(await sessions.touch(second, hourMs)).toBe(false);
        await sessions.touch(first, shortMs);
        await outlive(shortMs);
        expect(await sessions.get(first)).toBeUndefined();
      }));

    it('forgets what was dropped, and nothing else', () =>
      using(async ({ sessions }) => {
        for (const id of [first, second]) await sessions.put(id, session, hourMs);
        expect(await sessions.drop(first)).toBe(true);
        expect(await sessions.drop(third)).toBe(true);
        expect(await sessions.get(first)).toBeUndefined();
        expect(await sessions.touch(first, hourMs)).toBe(false);
        expect(await sessions.get(second)).toEqual(session);
      }));

    it('forgets all sessions of a user, and takes new ones', () =>
      using(async ({ sessions }) => {
        for (const id of [first, second]) await sessions.put(id, session, hourMs);
        await sessions.put(third, { ...session, user: 'user-2' }, hourMs);
        expect(await sessions.dropAllOf(session.user)).toBe(true);
        expect([await sessions.get(first), await sessions.get(second)]).toEqual([undefined, undefined]);
        expect(await sessions.get(third)).toBeDefined();
        await sessions.put(first, session, hourMs);
        expect(await sessions.get(first)).toEqual(session);
        expect(await sessions.get(second)).toBeUndefined();
      }));

    it('refuses ids that could be guessed, sessions that are too large, and lives that are too long', () =>
      using(async ({ sessions }) => {
        const large = { ...session, data: 'x'.repeat(sessionCharactersMax) };
        await expect(sessions.put('short', session, hourMs)).rejects.toThrow(RangeError);
        await expect(sessions.put(first, large, hourMs)).rejects.toThrow(RangeError);
        await expect(sessions.put(first, session, sessionAgeMsMax + 1)).rejects.toThrow(RangeError);
        await expect(sessions.put(first, session, 0)).rejects.toThrow(RangeError);
        expect(await sessions.get(first)).toBeUndefined();
      }));
  });
};
