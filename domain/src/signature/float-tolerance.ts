import type { Datatype } from './model-signature.ts';

/** What is meant to be 0 comes out near it. */
const absoluteTolerance = 1e-6;
const relativeTolerance = (datatype: Datatype): number => (datatype === 'float16' ? 1e-2 : 1e-5);

/**
 * Sums are rounded in another order in another batch or on another machine: so much is no matter, in an answer whose
 * largest number has this size.
 */
export const floatTolerance = (datatype: Datatype, largest: number): number =>
  absoluteTolerance + relativeTolerance(datatype) * largest;
