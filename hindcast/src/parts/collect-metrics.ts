import type { Projections } from '@hindcast/projectors';
import type { InferenceWorker, Keeper, Notary } from '@hindcast/workers';
import { Counter, collectDefaultMetrics, Gauge, type Registry } from 'prom-client';

export const metricPrefix = 'hindcast_';

/** A scrape is worth more on time than whole: Prometheus gives up after ten seconds, and then has nothing. */
const lagWaitMsMax = 2_000;
/** The longest that a timer can wait. */
const neverMs = 2 ** 31 - 1;

type Lags = Awaited<ReturnType<Projections['list']>>;

/** None where nobody knows them in time, as where the store or the log is away. */
const lagsOf = async (projections: Pick<Projections, 'list'>): Promise<Lags> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Lags>((resolve) => {
    timer = setTimeout(resolve, lagWaitMsMax, []);
  });
  try {
    return await Promise.race([projections.list(), late]);
  } catch {
    return [];
  } finally {
    clearTimeout(timer);
  }
};

export interface MetricSources {
  readonly keeper: Pick<Keeper, 'open' | 'stats'> | undefined;
  readonly worker: Pick<InferenceWorker, 'stats'> | undefined;
  readonly notary: Pick<Notary, 'stats'> | undefined;
  readonly projections: Pick<Projections, 'list'> | undefined;
}

/**
 * Those of every Node process. The histogram of delays of the event loop would wake an idle process a hundred times a
 * second for as long as it lives. So its timer is put off, its figures are left out, and the share of time in which the
 * loop was busy, which needs no timer, is told instead.
 */
const collectProcessMetrics = (registry: Registry): void => {
  collectDefaultMetrics({ register: registry, prefix: metricPrefix, eventLoopMonitoringPrecision: neverMs });
  for (const figure of ['min', 'max', 'mean', 'stddev', 'p50', 'p90', 'p99'])
    registry.removeSingleMetric(`${metricPrefix}nodejs_eventloop_lag_${figure}_seconds`);
  let last = performance.eventLoopUtilization();
  new Gauge({
    name: `${metricPrefix}nodejs_eventloop_utilization`,
    help: 'Share of the time since the last scrape in which the event loop was busy, from 0 to 1.',
    registers: [registry],
    collect() {
      const now = performance.eventLoopUtilization();
      this.set(performance.eventLoopUtilization(now, last).utilization);
      last = now;
    },
  });
};

/**
 * What `/metrics` shows. Read from the parts at the moment of a scrape, so that counting costs the hot path nothing. No
 * label ever holds an id.
 */
export const collectMetrics = (
  registry: Registry,
  { keeper, worker, notary, projections }: MetricSources,
): Registry => {
  collectProcessMetrics(registry);
  const gauge = (name: string, help: string, read: () => number): void => {
    new Gauge({
      name: `${metricPrefix}${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  };
  const counter = (name: string, help: string, read: () => number): void => {
    new Counter({
      name: `${metricPrefix}${name}`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  };
  if (keeper) gauge('predictions_open', 'Accepted predictions that have not ended.', () => keeper.open());
  if (notary) {
    gauge('audit_checkpoints', 'Checkpoints signed since the start.', () => notary.stats().checkpoints);
    gauge('audit_records', 'Records hashed since the start.', () => notary.stats().records);
    gauge('audit_hashing_seconds', 'Time that hashing them took.', () => notary.stats().hashingMs / 1_000);
    const changed = () => notary.stats().mismatches.length;
    gauge('audit_mismatches', 'Partitions of which the log no longer holds what was signed.', changed);
  }
  const held = { keeper, worker };
  new Gauge({
    name: `${metricPrefix}partitions_held`,
    help: 'Partitions of the predictions that this process has now; the others are with other processes.',
    labelNames: ['part'],
    registers: [registry],
    collect() {
      for (const [part, of] of Object.entries(held)) if (of) this.set({ part }, of.stats().partitions);
    },
  });
  if (keeper || worker) {
    const paused = () => (keeper?.stats().paused ?? 0) + (worker?.stats().paused ?? 0);
    gauge('partitions_paused', 'Partitions whose open set is full, in the worker and in the keeper.', paused);
  }
  if (worker) {
    gauge('predictions_queued', 'Predictions that wait for a run.', () => worker.stats().queued);
    gauge('runs_running', 'Runs that inference processes are at.', () => worker.stats().running);
    gauge('results_unwritten', 'Results on their way to the log.', () => worker.stats().unwritten);
    const { stats } = worker;
    counter(
      'inference_crashes_total',
      'Runs that took their inference process down: it crashed, or was killed.',
      () => stats().crashes,
    );
    counter('model_quarantines_total', 'Models that crashed too often to be run on.', () => stats().quarantines);
  }
  if (!projections) return registry;
  new Gauge({
    name: `${metricPrefix}projection_lag_records`,
    help: 'Records of the log that a view has not folded yet.',
    labelNames: ['projection'],
    registers: [registry],
    async collect() {
      const lags = await lagsOf(projections);
      this.reset();
      for (const { projection, lag } of lags) this.set({ projection }, lag);
    },
  });
  return registry;
};
