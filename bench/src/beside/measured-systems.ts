import type { AboutRun } from '../this-run.ts';
import type { Figures } from './peer.ts';

/** Figures of one round, by the name of the measure. */
export type Round = Readonly<Record<string, Figures>>;

export interface MeasuredSystem {
  readonly name: string;
  readonly title: string;
  readonly ours: boolean;
  readonly rounds: readonly Round[];
}

/** Everything that a run of the comparison has found, as it is kept in a file. */
export interface Comparison extends AboutRun {
  /** Of the last minute before the first round, and at the end: what others did to the machine, and we. */
  readonly load: { readonly before: number; readonly after: number };
  readonly rounds: number;
  readonly seconds: number;
  readonly systems: readonly MeasuredSystem[];
  /** Systems that are missing, or whose later rounds are, with the reason. */
  readonly leftOut: readonly { readonly title: string; readonly reason: string }[];
}

const usPerSecond = 1e6;
const figureOf = (figures: Figures | undefined, figure: keyof Figures | 'cores'): number | undefined =>
  figure === 'cores' ? figures && (figures.perSecond * figures.cpuUs) / usPerSecond : figures?.[figure];

/** Values of one figure, one a round, for as many rounds as have it; `cores` are those that all of its processes kept busy. */
export const valuesOf = (
  system: MeasuredSystem | undefined,
  measure: string,
  figure: keyof Figures | 'cores',
): readonly number[] => (system?.rounds ?? []).flatMap((round) => figureOf(round[measure], figure) ?? []);

/** Measures that are told first, in this order; the others follow as they are met. */
const firstMeasures = ['single', 'batch', 'chunk', 'wait', 'alone'];

export const measuresOf = (systems: readonly MeasuredSystem[]): readonly string[] => {
  const met = new Set(systems.flatMap(({ rounds }) => rounds.flatMap((round) => Object.keys(round))));
  return [...new Set([...firstMeasures.filter((measure) => met.has(measure)), ...met])];
};
