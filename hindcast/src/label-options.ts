import type { Command } from 'commander';
import { usage } from './cli-failure.ts';
import { parseMoment } from './duration.ts';
import { labelValue } from './label-value.ts';

export interface LabelOptions {
  readonly occurredAt?: string;
  readonly source?: string;
  readonly weight?: string;
}

export const withLabelOptions = (command: Command): Command =>
  command
    .option('--occurred-at <time>', 'when it came true, ISO 8601 or this long ago')
    .option('--source <text>', 'who says so')
    .option('--weight <number>', 'how much it counts; 1 where it is not given');

/** What is odd about a label that is kept nevertheless. */
export interface Warned {
  readonly warnings?: readonly { readonly detail: string }[];
}
export const warningsIn = ({ warnings = [] }: Warned): readonly string[] => warnings.map(({ detail }) => detail);

/** A label as the API takes it. */
export const labelMembers = (
  value: string,
  { occurredAt, source, weight }: LabelOptions,
  now: number,
): Readonly<Record<string, unknown>> => {
  if (weight !== undefined && (weight.trim() === '' || !(Number(weight) >= 0 && Number.isFinite(Number(weight)))))
    throw usage(`--weight must be a number from 0 on, not "${weight}".`);
  return {
    value: labelValue(value),
    ...(occurredAt !== undefined && { occurredAt: parseMoment(occurredAt, now) }),
    ...(source !== undefined && { source }),
    ...(weight !== undefined && { weight: Number(weight) }),
  };
};
