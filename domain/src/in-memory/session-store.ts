import type { Clock } from '../ports.ts';
import { checkSession, type Session, type SessionStore, sessionAgeMsMax } from '../session-store.ts';

interface Held {
  readonly session: Session;
  readonly lastAt: number;
  readonly endsAt: number;
}

/** Sessions of one process, which end with it. The oldest go first once there are more than `entriesMax`. */
export const createMemorySessionStore = ({
  now,
  entriesMax = 10_000,
}: {
  now: Clock;
  entriesMax?: number;
}): SessionStore => {
  const sessions = new Map<string, Held>();

  const find = (id: string): Held | undefined => {
    const held = sessions.get(id);
    if (held && held.endsAt > now()) return held;
    sessions.delete(id);
    return undefined;
  };

  return {
    async put(id, session, ttlMs) {
      checkSession(id, session, ttlMs);
      sessions.delete(id);
      sessions.set(id, { session, lastAt: now() + sessionAgeMsMax, endsAt: now() + ttlMs });
      for (const oldest of sessions.keys()) {
        if (sessions.size <= entriesMax) break;
        sessions.delete(oldest);
      }
      return true;
    },
    get: async (id) => find(id)?.session,
    async touch(id, ttlMs) {
      const held = find(id);
      if (!held) return false;
      sessions.set(id, { ...held, endsAt: Math.min(now() + ttlMs, held.lastAt) });
      return true;
    },
    async drop(id) {
      sessions.delete(id);
      return true;
    },
    async dropAllOf(user) {
      for (const [id, { session }] of sessions) if (session.user === user) sessions.delete(id);
      return true;
    },
  };
};
