import { Registry } from 'prom-client';
import { expect, it } from 'vitest';
import { createCounter, createHistogram } from './metric-series.ts';

it('counts by series, from nothing on', async () => {
  const registry = new Registry();
  const of = createCounter(registry, { name: 'ends_total', help: 'Ends.' }, ['model']);
  of({ model: 'quiet' });
  const churn = of({ model: 'churn' });
  churn(1);
  churn(4);
  const lines = ['# HELP ends_total Ends.', '# TYPE ends_total counter'];
  const text = [...lines, 'ends_total{model="quiet"} 0', 'ends_total{model="churn"} 5', ''].join('\n');
  expect(await registry.metrics()).toBe(text);
  expect(await registry.metrics()).toBe(text);
});

it('writes a histogram as prom-client does', async () => {
  const registry = new Registry();
  const observe = createHistogram(registry, { name: 'run_seconds', help: 'Runs.' }, [0.1, 1])({ model: 'a"b' });
  for (const value of [0.25, 0.1, 5, 1, 0]) observe(value);
  expect(await registry.metrics()).toBe(
    [
      '# HELP run_seconds Runs.',
      '# TYPE run_seconds histogram',
      'run_seconds_bucket{le="0.1",model="a\\"b"} 2',
      'run_seconds_bucket{le="1",model="a\\"b"} 4',
      'run_seconds_bucket{le="+Inf",model="a\\"b"} 5',
      'run_seconds_sum{model="a\\"b"} 6.35',
      'run_seconds_count{model="a\\"b"} 5',
      '',
    ].join('\n'),
  );
});
