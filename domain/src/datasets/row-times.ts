import type { Label, PredictionRequested } from '../prediction-events.ts';

const msOf = (time: string | undefined, otherwise: number): number => {
  const ms = Date.parse(time ?? '');
  return Number.isNaN(ms) ? otherwise : ms;
};

/**
 * When a prediction was made, ms since 1970: when the log accepted it, and of an imported one when it was made where it
 * comes from. All that a spec says of times is about this one: the time of an import is no time of the past.
 */
export const madeAt = ({ data: { imported } }: Pick<PredictionRequested, 'data'>, acceptedAt: number): number =>
  msOf(imported?.at, acceptedAt);

/** Since when a label is known, ms since 1970: since the log had it, and of an imported prediction since it came true. */
export const knownAt = (
  { data: { imported } }: Pick<PredictionRequested, 'data'>,
  label: Pick<Label, 'occurredAt'> & { readonly at: number },
): number => (imported ? msOf(label.occurredAt, label.at) : label.at);
