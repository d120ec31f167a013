/**
 * Grows whenever a prediction comes to count for something else. The sums of each number are a view of their own, which
 * the log fills: a correction would take away from older sums what was never added.
 */
const qualityFold = 2;

const named = (generation: number, fold: number): string =>
  fold === 1 ? `prediction_quality_v${generation}` : `prediction_quality_fold${fold}_v${generation}`;

/** What the store calls the quality view of a generation. */
export const qualityViewName = (generation: number): string => named(generation, qualityFold);

/** What older programs called it, whose sums are of no use. */
export const formerQualityViewNames = (generation: number): readonly string[] =>
  Array.from({ length: qualityFold - 1 }, (_, at) => named(generation, at + 1));
