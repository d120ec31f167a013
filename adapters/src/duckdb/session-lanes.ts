import type { DuckdbSession } from './duckdb-session.ts';

/** Work for sessions: each does one piece after another, and a new piece goes to the one with the fewest records to come. */
export const createSessionLanes = (sessions: readonly DuckdbSession[]) => {
  const lanes = sessions.map((session) => ({ session, records: 0, last: Promise.resolve() }));
  let failure: { readonly error: unknown } | undefined;
  const throwIfFailed = (): void => {
    if (failure) throw failure.error;
  };
  return {
    throwIfFailed,
    give(records: number, work: (session: DuckdbSession) => Promise<void>): void {
      const lane = lanes.reduce((least, one) => (one.records < least.records ? one : least));
      lane.records += records;
      lane.last = lane.last
        .then(() => (failure ? undefined : work(lane.session)))
        .catch((error: unknown) => {
          failure ??= { error };
        })
        .then(() => {
          lane.records -= records;
        });
    },
    /** Resolves when nothing is under way, whether or not something failed. */
    idle: async (): Promise<void> => void (await Promise.all(lanes.map(({ last }) => last))),
  };
};
