import type { TerminalStatus } from '@hindcast/domain';
import type { Registry } from 'prom-client';
import { madeOnce } from './made-once.ts';
import { createCounter, metricPrefix } from './metric-series.ts';

/** Models that have series of their own; those that come later share one. */
export const modelsMax = 100;
const others = 'other';

/** What a process hears of its predictions, for its metrics. */
export interface PredictionMetrics {
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
  const acceptedOf = madeOnce((model: string) => accepted({ model }));
  const endedOf = madeOnce((model: string) => madeOnce((outcome: TerminalStatus) => ended({ model, outcome })));
  return {
    accepted: (model, predictions) => acceptedOf(labelOf(model))(predictions),
    ended: (model, outcome) => endedOf(labelOf(model))(outcome)(1),
  };
};
