import type { Label } from './prediction-events.ts';

/** Whether two labels say the same: a client that repeats itself makes no revision. */
export const sameLabel = (a: Label, b: Label): boolean =>
  a.value === b.value && a.occurredAt === b.occurredAt && a.source === b.source && a.weight === b.weight;

/** The label alone, without what it was addressed to. */
export const labelOf = ({ value, occurredAt, source, weight }: Label): Label => ({
  value,
  ...(occurredAt === undefined ? undefined : { occurredAt }),
  ...(source === undefined ? undefined : { source }),
  ...(weight === undefined ? undefined : { weight }),
});
