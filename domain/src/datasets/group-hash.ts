import type { Sha256 } from '../ports.ts';
import type { DatasetSpec } from './dataset-spec.ts';

/** Hex digits of a digest that decide: 52 bits, which a double holds exactly. */
export const groupDigits = 13;
const groups = 16 ** groupDigits;

/** What is hashed for a row, before the name of its group. */
export const groupSeed = (use: 'sample' | 'split', salt: string): string => `${use}\n${salt}\n`;

/** A digest below it is within the first `share` of all; undefined where all are. */
export const shareBound = (share: number): string | undefined => {
  const bound = Math.ceil(share * groups);
  return bound >= groups ? undefined : bound.toString(16).padStart(groupDigits, '0');
};

/** Bounds of the splits in their order; the last one takes what is left. */
export const splitBounds = ({
  parts,
}: Pick<NonNullable<DatasetSpec['split']>, 'parts'>): readonly { readonly name: string; readonly bound?: string }[] => {
  let sum = 0;
  return parts.map(({ name, share }, at) => {
    sum += share;
    const bound = at === parts.length - 1 ? undefined : shareBound(sum);
    return bound === undefined ? { name } : { name, bound };
  });
};

export interface GroupedRow {
  readonly predictionId: string;
  readonly entity: string | undefined;
  readonly madeAt: number;
}

const digestOf = (sha256: Sha256, seed: string, group: 'entity' | 'prediction', row: GroupedRow): string =>
  sha256(seed + (group === 'entity' ? (row.entity ?? row.predictionId) : row.predictionId)).slice(0, groupDigits);

export const inSample = ({ sample }: Pick<DatasetSpec, 'sample'>, row: GroupedRow, sha256: Sha256): boolean => {
  const bound = sample && shareBound(sample.fraction);
  if (!sample || bound === undefined) return true;
  return digestOf(sha256, groupSeed('sample', sample.salt), sample.group, row) < bound;
};

/** The folder of the rows of a set that is not split. */
export const wholeSplit = 'all';

export const splitOf = ({ split }: Pick<DatasetSpec, 'split'>, row: GroupedRow, sha256: Sha256): string => {
  if (!split) return wholeSplit;
  if (split.holdout && row.madeAt >= split.holdout.since) return split.holdout.name;
  const digest = digestOf(sha256, groupSeed('split', split.salt), split.group, row);
  return splitBounds(split).find(({ bound }) => bound === undefined || digest < bound)?.name ?? wholeSplit;
};

export const splitNames = ({ split }: Pick<DatasetSpec, 'split'>): readonly string[] =>
  split ? [...split.parts.map(({ name }) => name), ...(split.holdout ? [split.holdout.name] : [])] : [wholeSplit];
