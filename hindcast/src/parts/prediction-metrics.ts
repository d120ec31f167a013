import type { TerminalStatus } from '@hindcast/domain';
import type { RunObserver } from '@hindcast/workers';
import { Counter, Histogram, type Registry } from 'prom-client';
import { metricPrefix } from './collect-metrics.ts';

/** Models that have series of their own; those that come later share one. */
export const modelsMax = 100;
const others = 'other';

/** Up to the default deadline, and beyond it. */
const queuedBounds = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 600, 3_600];
/** Up to the longest time that models are usually given. */
const runBounds = [0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];
const rowsBounds = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000];

/** What a process hears of its predictions, for its metrics. */
export interface PredictionMetrics extends RunObserver {
  accepted(model: string, predictions: number): void;
  ended(model: string, outcome: TerminalStatus): void;
}

/** Names of models as labels: the first of them as they are. */
const createModelLabels = () => {
  const named = new Set<string>();
  return (model: string): string => {
    if (named.size < modelsMax) named.add(model);
    return named.has(model) ? model : others;
  };
};

export const createPredictionMetrics = (registry: Registry): PredictionMetrics => {
  const labelOf = createModelLabels();
  const registers = [registry];
  const byModel = { labelNames: ['model'] as const, registers };
  const accepted = new Counter({
    name: `${metricPrefix}predictions_accepted_total`,
    help:
      'Predictions that this process has written to the log since its start. Repeats of a request and imports ' +
      'are not counted, though both of two that race under one key while Redis is away are. Where the log took one but ' +
      'its answer was lost it is missing here. GET /v1/stats is exact.',
    ...byModel,
  });
  const ended = new Counter({
    name: `${metricPrefix}predictions_ended_total`,
    help:
      'Ends of predictions that this process has read from the partitions that it keeps, since its start. Each is ' +
      'counted at most once over all processes; ends that came while no process had the partition, as between two ' +
      'starts, are missing, and so are imports. GET /v1/stats is exact.',
    ...{ labelNames: ['model', 'outcome'] as const, registers },
  });
  const queued = new Histogram({
    name: `${metricPrefix}prediction_queue_duration_seconds`,
    help:
      'Time from the acceptance of a prediction until the run that decided it began, by the clocks of log and worker. ' +
      'One whose run crashed is counted again with its next run; one that never ran is not counted.',
    ...{ ...byModel, buckets: queuedBounds },
  });
  const runs = new Histogram({
    name: `${metricPrefix}inference_run_duration_seconds`,
    help: 'Time of a run of a model, of one row or of many, as the inference process has measured it; of one that failed as the worker saw it.',
    ...{ ...byModel, buckets: runBounds },
  });
  const rows = new Histogram({
    name: `${metricPrefix}inference_run_rows`,
    help: 'Predictions that shared a run of a model.',
    ...{ ...byModel, buckets: rowsBounds },
  });
  return {
    accepted: (model, predictions) => accepted.inc({ model: labelOf(model) }, predictions),
    ended: (model, outcome) => ended.inc({ model: labelOf(model), outcome }),
    queued: (model, ms) => queued.observe({ model: labelOf(model) }, ms / 1_000),
    ran(model, count, ms) {
      const labels = { model: labelOf(model) };
      runs.observe(labels, ms / 1_000);
      rows.observe(labels, count);
    },
  };
};
