import { durationBucketsMs } from '@hindcast/domain';

/**
 * An estimate from counts per bucket: values are taken to lie evenly within a bucket, as Prometheus' histogram_quantile
 * does. What lies in the last bucket, which has no bound, counts as its lower bound. undefined where nothing was counted.
 */
export const durationQuantile = (counts: readonly number[], quantile: number): number | undefined => {
  const total = counts.reduce((sum, count) => sum + count, 0);
  if (total === 0) return undefined;
  const rank = quantile * total;
  let below = 0;
  for (const [at, upper] of durationBucketsMs.entries()) {
    const count = counts[at] ?? 0;
    if (count > 0 && below + count >= rank) {
      const lower = at === 0 ? 0 : (durationBucketsMs[at - 1] ?? 0);
      return lower + ((upper - lower) * (rank - below)) / count;
    }
    below += count;
  }
  return durationBucketsMs.at(-1);
};
