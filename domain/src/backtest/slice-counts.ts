import { contribute } from '../quality/quality-contribution.ts';
import { addTo, type SumsInTheMaking } from '../quality/quality-sums.ts';
import type { AnswerChange } from './compare-answers.ts';
import type { ComparedRow } from './compared-row.ts';

/** Values of one slice that are told apart, the first that come; what is beyond is counted as `others`. */
export const sliceValuesMax = 24;
export const otherValues = '(others)';

export interface SliceValue {
  rows: number;
  changed: number;
  /** Only what accuracy and mean error are made of. */
  recorded: SumsInTheMaking;
  candidate: SumsInTheMaking;
}
/** By name of the slice, and by value. */
export type SliceCounts = Record<string, Record<string, SliceValue>>;

const kept: ReadonlySet<string> = new Set(['cn', 'cw', 'correct', 'rn', 'rw', 'abs', 'square', 'error', 'equal']);

export const countSlices = (
  counts: SliceCounts,
  { slices, recorded, candidate, label }: ComparedRow,
  { changed }: AnswerChange,
): void => {
  for (const [slice, value] of Object.entries(slices)) {
    const values = Object.hasOwn(counts, slice) ? (counts[slice] as Record<string, SliceValue>) : {};
    counts[slice] = values;
    const isKnown = Object.hasOwn(values, value);
    const name = isKnown || Object.keys(values).length < sliceValuesMax ? value : otherValues;
    const one = Object.hasOwn(values, name)
      ? (values[name] as SliceValue)
      : { rows: 0, changed: 0, recorded: {}, candidate: {} };
    values[name] = one;
    one.rows += 1;
    if (changed) one.changed += 1;
    if (!label || label.value === null) continue;
    for (const side of ['recorded', 'candidate'] as const) {
      contribute(side === 'recorded' ? recorded : candidate, label, (sum, amount) => {
        if (kept.has(sum)) addTo(one[side], sum, amount);
      });
    }
  }
};

const valueCharsMax = 64;

const absent = '(absent)';

/** Slices of which no row has a value: whoever asked may have misspelt them. */
export const emptySlices = ({
  slices,
}: {
  readonly slices: readonly { readonly slice: string; readonly values: readonly { readonly value: string }[] }[];
}): readonly string[] =>
  slices.flatMap(({ slice, values }) => (values.every(({ value }) => value === absent) ? [slice] : []));

/** The value of a slice as text. Objects and lists are one value: they are no slices. */
export const sliceText = (value: unknown): string => {
  if (value === undefined) return absent;
  if (typeof value === 'object' && value !== null) return '(nested)';
  const text = (typeof value === 'string' ? value : JSON.stringify(value)).slice(0, valueCharsMax);
  // The one name that an object cannot have.
  return text === '__proto__' ? '(__proto__)' : text;
};
