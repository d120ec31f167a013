import type { AnswerChange } from './compare-answers.ts';
import type { ComparedRow } from './compared-row.ts';

/** Rows that a report shows, those that changed most. */
export const topChangesMax = 20;

export interface TopChange {
  readonly predictionId: string;
  readonly position: string;
  readonly was: string | number | null;
  readonly is: string | number | null;
  readonly shift: number | null;
  readonly label: string | number | boolean | null;
}

/** The larger shift first; of equal ones that which is earlier in the log, so that the order of counting is no matter. */
export const addToTop = (top: TopChange[], row: ComparedRow, change: AnswerChange): void => {
  const { score, was, is } = change;
  const shift = score ? score.is - score.was : null;
  if (!change.changed && !shift) return;
  const one: TopChange = {
    predictionId: row.predictionId,
    position: row.position,
    was: was ?? score?.was ?? null,
    is: is ?? score?.is ?? null,
    shift,
    label: row.label?.value ?? null,
  };
  const last = top.at(-1);
  if (top.length >= topChangesMax && last && comesBefore(last, one)) return;
  const at = top.findIndex((other) => comesBefore(one, other));
  top.splice(at < 0 ? top.length : at, 0, one);
  top.length = Math.min(top.length, topChangesMax);
};

/** A class without a score has changed as much as can be. */
const sizeOf = ({ shift }: TopChange): number => (shift === null ? 1 : Math.abs(shift));

const comesBefore = (a: TopChange, b: TopChange): boolean => {
  const difference = sizeOf(a) - sizeOf(b);
  return difference === 0 ? isEarlier(a.position, b.position) : difference > 0;
};

const isEarlier = (a: string, b: string): boolean => {
  const [left, right] = [a.split(':').map(Number), b.split(':').map(Number)];
  const at = left.findIndex((part, i) => part !== right[i]);
  return at >= 0 && (left[at] ?? 0) < (right[at] ?? 0);
};
