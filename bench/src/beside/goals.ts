import { loopModelNames, rowsThrough } from './loop-model-names.ts';
import { type MeasuredSystem, valuesOf } from './measured-systems.ts';
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

/** The ratio of each round in which both were measured. */
export const ratiosOf = (goal: Goal, systems: readonly MeasuredSystem[]): readonly number[] => {
  const values = (name: string) =>
    valuesOf(
      systems.find((system) => system.name === name),
      goal.measure,
      goal.figure,
    );
  const theirs = values(goal.theirs);
  return values(goal.ours)
    .slice(0, theirs.length)
    .map((value, at) => value / (theirs[at] ?? Number.NaN));
};

export const isMet = ({ atLeast = 0, atMost = Number.POSITIVE_INFINITY }: Goal, median: number): boolean =>
  median >= atLeast && median <= atMost;
