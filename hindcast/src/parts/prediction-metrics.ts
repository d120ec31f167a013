import type { TerminalStatus } from '@hindcast/domain';
import type { RunObserver } from '@hindcast/workers';
import type { Registry } from 'prom-client';
import { madeOnce } from './made-once.ts';
import { createCounter, createHistogram, metricPrefix } from './metric-series.ts';

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
  let named = 0;
  return madeOnce((model: string): string => {
    if (named >= modelsMax) return others;
    named += 1;
    return model;
  });
};

export const createPredictionMetrics = (registry: Registry): PredictionMetrics => {
  const labelOf = createModelLabels();
  const accepted = createCounter(
    registry,
    {
      name: `${metricPrefix}predictions_accepted_total`,
      help:
        'Predictions that this process has written to the log since its start. Repeats of a request and imports ' +
        'are not counted, though both of two that race under one key while Redis is away are. Where the log took one but ' +
        'its answer was lost it is missing here. GET /v1/stats is exact.',
    },
    ['model'],
  );
  const ended = createCounter(
    registry,
    {
      name: `${metricPrefix}predictions_ended_total`,
      help:
        'Ends of predictions that this process has read from the partitions that it keeps, since its start. Each is ' +
        'counted at most once over all processes; ends that came while no process had the partition, as between two ' +
        'starts, are missing, and so are imports. GET /v1/stats is exact.',
    },
    ['model', 'outcome'],
  );
  const queued = createHistogram(
    registry,
    {
      name: `${metricPrefix}prediction_queue_duration_seconds`,
      help:
        'Time from the acceptance of a prediction until the run that decided it began, by the clocks of log and worker. ' +
        'One whose run crashed is counted again with its next run; one that never ran is not counted.',
    },
    queuedBounds,
  );
  const runs = createHistogram(
    registry,
    {
      name: `${metricPrefix}inference_run_duration_seconds`,
      help: 'Time of a run of a model, of one row or of many, as the inference process has measured it; of one that failed as the worker saw it.',
    },
    runBounds,
  );
  const rows = createHistogram(
    registry,
    { name: `${metricPrefix}inference_run_rows`, help: 'Predictions that shared a run of a model.' },
    rowsBounds,
  );
  const acceptedOf = madeOnce((model: string) => accepted({ model }));
  const endedOf = madeOnce((model: string) => madeOnce((outcome: TerminalStatus) => ended({ model, outcome })));
  const queuedOf = madeOnce((model: string) => queued({ model }));
  const runsOf = madeOnce((model: string) => runs({ model }));
  const rowsOf = madeOnce((model: string) => rows({ model }));
  return {
    accepted: (model, predictions) => acceptedOf(labelOf(model))(predictions),
    ended: (model, outcome) => endedOf(labelOf(model))(outcome)(1),
    queued: (model, ms) => queuedOf(labelOf(model))(ms / 1_000),
    ran(model, count, ms) {
      const label = labelOf(model);
      runsOf(label)(ms / 1_000);
      rowsOf(label)(count);
    },
  };
};
