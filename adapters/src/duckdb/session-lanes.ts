import type { DuckdbSession } from './duckdb-session.ts';

type Work = (session: DuckdbSession) => Promise<void>;

/** In the words of DuckDB, which has no code for it, and no name either where it is a commit that finds no room: "(255.9 MiB/256.0 MiB used)". */
const isOutOfMemory = (error: unknown): boolean =>
  error instanceof Error && /Out of Memory|\/[\d.]+ \w+ used\)/.test(error.message);

/**
 * Work for sessions: each takes the next piece that waits when it is done with one, at first only so many of them at a time.
 * What finds no room beside the work of the others is done once more when they are idle and released, so it must bear repeating.
 */
export const createSessionLanes = (
  sessions: readonly DuckdbSession[],
  release: (session: DuckdbSession) => Promise<void>,
  atFirst: number = sessions.length,
) => {
  const free = sessions.slice(0, atFirst);
  const waiting: ((session: DuckdbSession) => Promise<void>)[] = [];
  const given: Promise<void>[] = [];
  const alone: Work[] = [];
  let failure: { readonly error: unknown } | undefined;

  const fail = (error: unknown): void => {
    failure ??= { error };
  };
  const attempt = async (session: DuckdbSession, work: Work, onNoRoom?: () => void): Promise<void> => {
    if (failure) return;
    try {
      await work(session);
    } catch (error) {
      if (onNoRoom && isOutOfMemory(error)) onNoRoom();
      else fail(error);
    }
  };
  const begin = (): void => {
    while (waiting.length > 0) {
      const session = free.shift();
      if (!session) return;
      void waiting
        .shift()?.(session)
        .then(() => {
          free.push(session);
          begin();
        });
    }
  };
  return {
    /** Nothing more is begun. */
    fail,
    throwIfFailed(): void {
      if (failure) throw failure.error;
    },
    give(work: Work): void {
      const onNoRoom = sessions.length > 1 ? () => void alone.push(work) : undefined;
      given.push(
        new Promise((resolve) => {
          waiting.push((session) => attempt(session, work, onNoRoom).then(resolve));
        }),
      );
      begin();
    },
    /** Lets the other sessions work as well. */
    openAll(): void {
      free.push(...sessions.slice(atFirst));
      begin();
    },
    /** Resolves when nothing is left to do, or something has failed. */
    async idle(): Promise<void> {
      await Promise.all(given.splice(0));
      const [first] = sessions;
      for (const work of first ? alone.splice(0) : []) {
        for (const session of sessions) await attempt(session, release);
        if (first) await attempt(first, work);
      }
    },
  };
};
