import type { Backlog, WorkerReport } from '@hindcast/domain';

/**
 * A prediction goes to the worker that has its partition, and partitions are shared evenly: the mean over the workers
 * that know the version, of which some have nothing of it to do.
 */
export const expectedWaits = (workers: readonly WorkerReport[]): Backlog['expectedWaitMs'] => {
  const sums = new Map<string, number>();
  const knowing = new Map<string, number>();
  for (const { waits, knows } of workers) {
    for (const digest of knows) knowing.set(digest, (knowing.get(digest) ?? 0) + 1);
    for (const { tenant, model, version, ms } of waits) {
      const key = `${tenant}/${model}@${version}`;
      sums.set(key, (sums.get(key) ?? 0) + ms);
    }
  }
  return (tenant, model, { version, sha256 }) => {
    const workersThatKnow = knowing.get(sha256) ?? 0;
    return workersThatKnow === 0 ? 0 : (sums.get(`${tenant}/${model}@${version}`) ?? 0) / workersThatKnow;
  };
};
