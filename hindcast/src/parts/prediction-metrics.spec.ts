import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createPredictionMetrics, modelsMax } from './prediction-metrics.ts';

it('counts by model as long as there are few, and the rest under one label', async () => {
  const registry = new Registry();
  const metrics = createPredictionMetrics(registry);
  for (let at = 0; at < 2 * modelsMax; at++) {
    metrics.accepted(`model-${at}`, 3);
    metrics.ended(`model-${at}`, at % 2 === 0 ? 'succeeded' : 'failed');
    metrics.ran(`model-${at}`, 4, 2);
    metrics.queued(`model-${at}`, 30);
  }
  metrics.accepted('model-0', 2);
  metrics.accepted(`model-${modelsMax}`, 1);
  const lines = (await registry.metrics()).split('\n').filter((line) => line.startsWith('hindcast_'));
  const of = (name: string) => lines.filter((line) => line.startsWith(`hindcast_predictions_${name}_total`));
  expect(of('accepted')).toHaveLength(modelsMax + 1);
  expect(of('ended')).toHaveLength(modelsMax + 2);
  for (const name of ['inference_run_duration_seconds', 'inference_run_rows', 'prediction_queue_duration_seconds'])
    expect(lines.filter((line) => line.startsWith(`hindcast_${name}_count`))).toHaveLength(modelsMax + 1);
  expect(lines).toEqual(
    expect.arrayContaining([
      'hindcast_predictions_accepted_total{model="model-0"} 5',
      `hindcast_predictions_accepted_total{model="other"} ${3 * modelsMax + 1}`,
      `hindcast_predictions_ended_total{model="other",outcome="failed"} ${modelsMax / 2}`,
      'hindcast_inference_run_duration_seconds_sum{model="model-0"} 0.002',
      'hindcast_inference_run_rows_sum{model="model-0"} 4',
      'hindcast_prediction_queue_duration_seconds_sum{model="model-0"} 0.03',
    ]),
  );
});
