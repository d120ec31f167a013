import type { Slice } from './projection.ts';

/**
 * Labels, or matches, of one key in a slice. A document keeps its newest 64 of them, and what derives from them needs all
 * that came since: those of this slice, of another process that is as far ahead at most, and the one before.
 */
const labelsOfKeyMax = 16;
const counted: ReadonlySet<string | undefined> = new Set(['PredictionLabeled', 'LabelMatched']);

/** The slice in parts, in its order, of which none has more labels of one key. It mostly is one. */
export const fewLabelsAKey = (slice: Slice): readonly Slice[] => {
  const parts: Slice[] = [];
  let counts: Map<string, number> | undefined;
  let begin = 0;
  for (const [at, record] of slice.records.entries()) {
    if (!counted.has(record.headers['type'])) continue;
    counts ??= new Map();
    const count = (counts.get(record.key) ?? 0) + 1;
    if (count > labelsOfKeyMax) {
      parts.push({ ...slice, records: slice.records.slice(begin, at) });
      begin = at;
      counts = new Map([[record.key, 1]]);
    } else counts.set(record.key, count);
  }
  if (begin === 0) return [slice];
  return [...parts, { ...slice, records: slice.records.slice(begin) }];
};
