/** An integer: a number while it is exact, else its decimal digits. */
export type Sum = number | string;
/** Named integers. One that is zero is not there, so that equal sums are equal objects however they came about. */
export type QualitySums = Readonly<Record<string, Sum>>;

/** Sums of weights, errors and losses are counted in this part of one: their resolution. */
export const microUnits = 1_000_000;
/** Separates the parts of a name; a class that has it in its own is not told apart. */
export const partMark = '\u001f';

/** Upper bounds, in ms, of how late a label came after its request was accepted; the last bucket has none. */
export const maturityBoundsMs = {
  '1h': 3_600_000,
  '1d': 86_400_000,
  '7d': 7 * 86_400_000,
  '30d': 30 * 86_400_000,
  '90d': 90 * 86_400_000,
} as const;
export type Maturity = keyof typeof maturityBoundsMs;
export const MATURITIES = Object.keys(maturityBoundsMs) as Maturity[];
export const maturityBuckets = MATURITIES.length + 1;

export const maturityBucketOf = (delayMs: number): number => {
  const bucket = MATURITIES.findIndex((name) => delayMs <= maturityBoundsMs[name]);
  return bucket < 0 ? MATURITIES.length : bucket;
};

/** The sum of two integers, exact whatever their size; undefined where that is nothing. */
export const addSum = (a: Sum | undefined, b: Sum): Sum | undefined => {
  if (typeof b === 'number' && typeof a !== 'string') {
    const sum = (a ?? 0) + b;
    if (Number.isSafeInteger(b) && Number.isSafeInteger(sum)) return sum === 0 ? undefined : sum;
  }
  const sum = BigInt(a ?? 0) + BigInt(b);
  if (sum === 0n) return undefined;
  const number = Number(sum);
  return Number.isSafeInteger(number) ? number : sum.toString();
};

export type SumsInTheMaking = Record<string, Sum>;

/** No name is that of a member that every object has: they are fixed words, alone or before a mark. */
export const addTo = (sums: SumsInTheMaking, name: string, amount: Sum): void => {
  const before = sums[name];
  const sum = addSum(before, amount);
  if (sum === undefined) {
    if (before !== undefined) delete sums[name];
  } else sums[name] = sum;
};
