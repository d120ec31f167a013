export interface CommitClock {
  /** What may be committed of the partition may have moved. */
  moved(partition: number): void;
  /** Commits now. */
  flush(partitions: Iterable<number>): void;
  forget(partition: number): void;
  stop(): void;
}

/** Commits are advice: a later one costs a successor only some records more to read. */
const commitMs = 200;

/** Calls `commit` for partitions that moved, at most once per `commitMs`; no timer runs while nothing moves. */
export const createCommitClock = (commit: (partition: number) => void): CommitClock => {
  const dirty = new Set<number>();
  let timer: NodeJS.Timeout | undefined;
  const flush = (partitions: Iterable<number>) => {
    for (const partition of [...partitions]) {
      dirty.delete(partition);
      commit(partition);
    }
  };
  return {
    moved(partition) {
      dirty.add(partition);
      timer ??= setTimeout(() => {
        timer = undefined;
        flush(dirty);
      }, commitMs);
    },
    flush,
    forget: (partition) => {
      dirty.delete(partition);
    },
    stop() {
      clearTimeout(timer);
      timer = undefined;
      dirty.clear();
    },
  };
};
