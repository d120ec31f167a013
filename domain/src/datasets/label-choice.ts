import type { Label } from '../prediction-events.ts';
import type { LabelPolicy } from './dataset-spec.ts';

export interface RecordedLabel extends Label {
  /** Log time, ms since 1970. */
  readonly at: number;
  /** Since when it is known, ms since 1970: `knownAt`. */
  readonly knownAt: number;
  /** Counted from 1; a label that says what the one before it says is none. */
  readonly revision: number;
}

export type LabelChoice =
  | { readonly kind: 'label'; readonly label: RecordedLabel }
  /** Nothing that was said in time stands, and the policy says what that means. */
  | { readonly kind: 'assumed'; readonly value: string | number | boolean }
  | { readonly kind: 'none' };

const none: LabelChoice = { kind: 'none' };

/**
 * The label of a prediction at the time of a cut. With a maturity each row has had the same time for its label to come:
 * labels that came later do not count, and a prediction that is younger has none, whatever came already. A label whose
 * value is null takes back what was said: then the prediction is as one of which nothing was said, here as in quality.
 */
export const chooseLabel = (
  labels: readonly RecordedLabel[],
  { pick, maturityMs, absent }: LabelPolicy,
  madeAt: number,
  cutAt: number,
): LabelChoice => {
  if (maturityMs !== undefined && madeAt + maturityMs > cutAt) return none;
  const within = (ms = Number.POSITIVE_INFINITY) => labels.filter(({ knownAt }) => knownAt <= madeAt + ms);
  const inTime = within(maturityMs);
  const label = pick === 'first' ? inTime[0] : inTime.at(-1);
  if (label && label.value !== null) return { kind: 'label', label };
  if (typeof absent !== 'object' || madeAt + absent.afterMs > cutAt) return none;
  const standing = within(maturityMs && Math.max(maturityMs, absent.afterMs)).at(-1);
  return standing && standing.value !== null ? none : { kind: 'assumed', value: absent.value };
};
