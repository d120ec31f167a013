import type Database from 'libsql';

export interface GroupCommit {
  /** Runs `work` in the next transaction; resolves when that is committed. `work` may run twice, never by half. */
  write<T>(work: () => T): Promise<T>;
  /** Resolves when everything written before the call is committed or refused. */
  flush(): void;
}

interface Job {
  run(): void;
  settle(error: unknown): void;
}

/**
 * Projectors save many small batches, one per partition, in the same turn of the loop. They share one transaction,
 * since each commit rewrites whole pages of every index. When the shared transaction fails, each job runs alone, so
 * that one bad write cannot keep the others from being stored.
 */
export const createGroupCommit = (db: Database.Database): GroupCommit => {
  const begin = db.prepare('BEGIN IMMEDIATE');
  const commit = db.prepare('COMMIT');
  let waiting: Job[] = [];

  const transact = (jobs: readonly Job[]): void => {
    begin.run();
    try {
      for (const job of jobs) job.run();
      commit.run();
    } catch (error) {
      if (db.inTransaction) db.exec('ROLLBACK');
      throw error;
    }
  };

  const attempt = (jobs: readonly Job[]): { readonly error: unknown } | undefined => {
    try {
      transact(jobs);
      return undefined;
    } catch (error) {
      return { error };
    }
  };

  const flush = (): void => {
    const jobs = waiting;
    waiting = [];
    if (jobs.length === 0) return;
    const failure = attempt(jobs);
    if (!failure) for (const job of jobs) job.settle(undefined);
    else if (jobs.length === 1) jobs[0]?.settle(failure.error);
    else for (const job of jobs) job.settle(attempt([job])?.error);
  };

  return {
    flush,
    write: <T>(work: () => T) =>
      new Promise<T>((resolve, reject) => {
        let result: { readonly value: T } | undefined;
        const job: Job = {
          run() {
            result = { value: work() };
          },
          settle(error) {
            if (error === undefined && result) resolve(result.value);
            else reject(error);
          },
        };
        if (waiting.push(job) === 1) setImmediate(flush);
      }),
  };
};
