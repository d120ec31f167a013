import { type Static, Type } from '@sinclair/typebox';

/** Counts by the number of a bin. Edges never move, so that sums of histograms are histograms of sums. */
export type BinCounts = Record<string, number>;
export type Bins = 'probability' | 'probability shift' | 'number';

/** Of probabilities a bin is a twentieth, of shifts of them too, and the middle one lies around 0. */
const width = 0.05;
const last = Math.round(1 / width) - 1;
/** Of numbers a bin is a power of ten to each side of 0, from a millionth to a billion. */
const smallest = -6;
const largest = 9;

export const binOf = (bins: Bins, value: number): number => {
  switch (bins) {
    case 'probability':
      return Math.min(last, Math.max(0, Math.floor(value / width + 1e-9)));
    case 'probability shift':
      return Math.round(value / width) || 0;
    case 'number': {
      const size = Math.abs(value);
      if (!(size >= 10 ** smallest)) return 0;
      return Math.sign(value) * (Math.min(largest, Math.floor(Math.log10(size) + 1e-12)) - smallest + 1);
    }
    default:
      return bins satisfies never;
  }
};

export const addToBin = (counts: BinCounts, bins: Bins, value: number): void => {
  const bin = binOf(bins, value);
  counts[bin] = (counts[bin] ?? 0) + 1;
};

export const binSchema = Type.Object({
  from: Type.Union([Type.Number(), Type.Null()], { description: 'null: without an end' }),
  to: Type.Union([Type.Number(), Type.Null()]),
  count: Type.Integer({ minimum: 0 }),
});
export type Bin = Static<typeof binSchema>;

const rounded = (value: number): number => Number(value.toPrecision(12));

const edgesOf = (bins: Bins, bin: number): Pick<Bin, 'from' | 'to'> => {
  if (bins === 'probability') return { from: rounded(bin * width), to: rounded((bin + 1) * width) };
  if (bins === 'probability shift') return { from: rounded((bin - 0.5) * width), to: rounded((bin + 0.5) * width) };
  if (bin === 0) return { from: -(10 ** smallest), to: 10 ** smallest };
  const near = rounded(10 ** (Math.abs(bin) + smallest - 1));
  const far = Math.abs(bin) + smallest - 1 >= largest ? null : rounded(10 ** (Math.abs(bin) + smallest));
  return bin > 0 ? { from: near, to: far } : { from: far === null ? null : -far, to: -near };
};

/** Bins in their order, from the first that counts something to the last. */
export const binsOf = (bins: Bins, counts: BinCounts): readonly Bin[] => {
  const numbers = Object.keys(counts).map(Number);
  if (numbers.length === 0) return [];
  const [first, end] = [Math.min(...numbers), Math.max(...numbers)];
  return Array.from({ length: end - first + 1 }, (_, at) => ({
    ...edgesOf(bins, first + at),
    count: counts[first + at] ?? 0,
  }));
};
