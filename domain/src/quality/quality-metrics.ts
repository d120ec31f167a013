import { microUnits, partMark, type QualitySums } from './quality-sums.ts';

export interface ClassQuality {
  readonly n: number;
  readonly weight: number;
  /** Share of weight whose most likely class came true. */
  readonly accuracy: number | null;
  /** The same for the decision that a threshold makes; null without one. */
  readonly decisionAccuracy: number | null;
  readonly brier: number | null;
  readonly logLoss: number | null;
  /** Area under the ROC curve; of more than two classes the mean over each against the rest. */
  readonly auc: number | null;
  /** The true area, of the scores unrounded, is at most this far away. */
  readonly aucError: number | null;
  readonly confusion: readonly { readonly predicted: string; readonly actual: string; readonly weight: number }[];
}

export interface NumberQuality {
  readonly n: number;
  readonly weight: number;
  readonly mae: number | null;
  readonly rmse: number | null;
  /** Mean of predicted minus actual. */
  readonly bias: number | null;
  /** Share of weight that was predicted exactly. */
  readonly equal: number | null;
}

const ratio = (part: number, whole: number): number | null => (whole > 0 ? part / whole : null);

const readerOf = (sums: QualitySums) => ({
  count: (name: string): number => Number(Object.hasOwn(sums, name) ? sums[name] : 0),
  of: (kind: string): readonly (readonly [parts: readonly string[], sum: number])[] =>
    Object.keys(sums)
      .filter((name) => name.startsWith(`${kind}${partMark}`))
      .sort()
      .map((name) => [name.split(partMark), Number(sums[name])]),
});

/** undefined where no label met a class. `positive` is what a decision of true means: the last class of the signature. */
export const classQuality = (sums: QualitySums, positive: string | undefined): ClassQuality | undefined => {
  const { count, of } = readerOf(sums);
  const n = count('cn');
  if (n === 0) return undefined;
  const area = areaOf(of('h'));
  const decisions = of('d');
  const isRight = ([, decision, actual]: readonly string[]) => (decision === '1') === (actual === positive);
  return {
    n,
    weight: count('cw') / microUnits,
    accuracy: ratio(count('correct'), count('cw')),
    decisionAccuracy:
      positive === undefined ? null : ratio(total(decisions.filter(([parts]) => isRight(parts))), total(decisions)),
    brier: ratio(count('brier'), count('pw')),
    logLoss: ratio(count('logLoss'), count('pw')),
    auc: area?.auc ?? null,
    aucError: area?.error ?? null,
    confusion: of('c').map(([[, predicted = '', actual = ''], weight]) => ({
      predicted,
      actual,
      weight: weight / microUnits,
    })),
  };
};

const total = (entries: readonly (readonly [unknown, number])[]): number =>
  entries.reduce((sum, [, of]) => sum + of, 0);

/** undefined where no label met a number. */
export const numberQuality = (sums: QualitySums): NumberQuality | undefined => {
  const { count } = readerOf(sums);
  const n = count('rn');
  if (n === 0) return undefined;
  const weight = count('rw');
  const square = ratio(count('square'), weight);
  return {
    n,
    weight: weight / microUnits,
    mae: count('absUnknown') > 0 ? null : ratio(count('abs'), weight),
    rmse: square === null ? null : Math.sqrt(Math.max(0, square)),
    bias: ratio(count('error'), weight),
    equal: count('absUnknown') > 0 ? null : ratio(count('equal'), weight),
  };
};

/**
 * Scores of one bin count as equal, for which the area takes half: the order inside bins is all that can be wrong.
 * Bounded by half the share of pairs that meet in a bin.
 */
const areaOf = (
  bins: readonly (readonly [parts: readonly string[], weight: number])[],
): { auc: number; error: number } | undefined => {
  const classes = new Map<string, Map<number, [negative: number, positive: number]>>();
  for (const [[, name = '', bin, is], weight] of bins) {
    const of = classes.get(name) ?? new Map<number, [number, number]>();
    const both = of.get(Number(bin)) ?? [0, 0];
    both[is === '1' ? 1 : 0] += weight;
    of.set(Number(bin), both);
    classes.set(name, of);
  }
  const areas = [...classes.values()].flatMap((of) => areaOfClass([...of].sort(([a], [b]) => a - b)) ?? []);
  if (areas.length === 0) return undefined;
  const mean = (of: 'auc' | 'error') => areas.reduce((sum, area) => sum + area[of], 0) / areas.length;
  return { auc: mean('auc'), error: mean('error') };
};

const areaOfClass = (bins: readonly (readonly [number, readonly [number, number]])[]) => {
  let [negatives, positives, won, met] = [0, 0, 0, 0];
  for (const [, [negative, positive]] of bins) {
    won += positive * (negatives + negative / 2);
    met += (positive * negative) / 2;
    negatives += negative;
    positives += positive;
  }
  const pairs = negatives * positives;
  return pairs > 0 ? { auc: won / pairs, error: met / pairs } : undefined;
};
