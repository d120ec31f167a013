import { quantile } from '../quantile.ts';
import { loopModelNames, rowsThrough } from './loop-model-names.ts';
import { type Comparison, type MeasuredSystem, valuesOf } from './measured-systems.ts';
import type { Figures } from './peer.ts';

/** One figure of one of ours, divided by one of a peer's. */
export interface Goal {
  readonly text: string;
  readonly ours: string;
  readonly theirs: string;
  readonly measure: string;
  readonly figure: keyof Figures;
  readonly atLeast?: number;
  readonly atMost?: number;
}

const throughput = (text: string, ours: string, theirs: string, measure: string, atLeast: number): Goal => ({
  ...{ text, ours, theirs, measure, atLeast },
  figure: 'perSecond',
});

const cpu = (text: string, theirs: string, atMost: number): Goal => ({
  ...{ text, theirs, atMost },
  ...{ ours: 'hindcast', measure: 'single', figure: 'cpuUs' },
});

export const goals: readonly Goal[] = [
  throughput('single POST, embedded, vs BullMQ, completed/s', 'hindcast', 'bullmq', 'single', 4),
  cpu('the same, CPU per prediction', 'bullmq', 0.2),
  throughput('×100, embedded, vs BullMQ addBulk, completed/s', 'hindcast', 'bullmq', 'batch', 12),
  throughput('single POST, embedded, vs Flask + Celery, completed/s', 'hindcast', 'celery', 'single', 30),
  throughput('×100, embedded, vs Flask + Celery, completed/s', 'hindcast', 'celery', 'batch', 120),
  throughput('`Prefer: wait`, embedded, vs MLServer, completed/s', 'hindcast', 'mlserver', 'wait', 5),
  ...loopModelNames.map((model) =>
    throughput(`×100 of ${model}, embedded, vs bare loop, rows/s`, 'hindcast', 'session-run', rowsThrough(model), 1),
  ),
  cpu('single POST, embedded, vs a fastify that only validates, CPU', 'fastify', 1.8),
  throughput('single POST, distributed, vs BullMQ, completed/s', 'distributed', 'bullmq', 'single', 1.5),
];

const valuesIn = (systems: readonly MeasuredSystem[], name: string, measure: string, figure: keyof Figures) =>
  valuesOf(
    systems.find((system) => system.name === name),
    measure,
    figure,
  );

/** The ratio of each round in which both were measured. */
export const ratiosOf = (
  { ours, theirs: peer, measure, figure }: Goal,
  systems: readonly MeasuredSystem[],
): readonly number[] => {
  const theirs = valuesIn(systems, peer, measure, figure);
  return valuesIn(systems, ours, measure, figure)
    .slice(0, theirs.length)
    .map((value, at) => value / (theirs[at] ?? Number.NaN));
};

/** What the libraries alone come to where the goal is one of the embedded run. */
export const ratiosOfLibraries = (goal: Goal, systems: readonly MeasuredSystem[]): readonly number[] =>
  goal.ours === 'hindcast' ? ratiosOf({ ...goal, ours: 'bare-pipeline' }, systems) : [];

export const isMet = ({ atLeast = 0, atMost = Number.POSITIVE_INFINITY }: Goal, median: number): boolean =>
  median >= atLeast && median <= atMost;

/**
 * CPU time in µs that ours may take for a prediction by the median of the peer: of a rate, what all cores have for one, without
 * the load generator's part of it. NaN where that was not measured.
 */
export const leftByGoal = (
  { ours, theirs, measure, figure, atLeast = Number.NaN, atMost = Number.NaN }: Goal,
  { systems, cores }: Pick<Comparison, 'systems' | 'cores'>,
): number => {
  const median = quantile(valuesIn(systems, theirs, measure, figure), 0.5);
  if (figure === 'cpuUs') return atMost * median;
  return (cores * 1e6) / (atLeast * median) - quantile(valuesIn(systems, ours, measure, 'loadCpuUs'), 0.5);
};

/** What ours takes, by the median. */
export const takenNow = ({ ours, measure }: Goal, systems: readonly MeasuredSystem[]): number =>
  quantile(valuesIn(systems, ours, measure, 'cpuUs'), 0.5);
