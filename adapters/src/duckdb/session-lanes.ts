import type { DuckdbSession } from './duckdb-session.ts';

type Work = (session: DuckdbSession) => Promise<void>;

/** In the words of DuckDB, which has no code for it. */
const isOutOfMemory = (error: unknown): boolean => error instanceof Error && error.message.includes('Out of Memory');

/**
 * Work for sessions: each does one piece after another, and a new piece goes to the one with the fewest records to come. What
 * finds no room beside the work of the others is done once more when they are idle and released, so it must bear repeating.
 */
export const createSessionLanes = (
  sessions: readonly DuckdbSession[],
  release: (session: DuckdbSession) => Promise<void>,
) => {
  const lanes = sessions.map((session) => ({ session, records: 0, last: Promise.resolve() }));
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
  return {
    /** Nothing more is begun. */
    fail,
    throwIfFailed(): void {
      if (failure) throw failure.error;
    },
    give(records: number, work: Work): void {
      const lane = lanes.reduce((least, one) => (one.records < least.records ? one : least));
      lane.records += records;
      lane.last = lane.last.then(async () => {
        await attempt(lane.session, work, sessions.length > 1 ? () => void alone.push(work) : undefined);
        lane.records -= records;
      });
    },
    /** Resolves when nothing is left to do, or something has failed. */
    async idle(): Promise<void> {
      await Promise.all(lanes.map(({ last }) => last));
      const [first] = sessions;
      for (const work of first ? alone.splice(0) : []) {
        for (const session of sessions) await attempt(session, release);
        if (first) await attempt(first, work);
      }
    },
  };
};
