import { Counter, type Histogram, type Registry } from 'prom-client';

export type Labels = Readonly<Record<string, string>>;
/** Adds to one series, whose labels were settled when it was made. */
export type Series = (value: number) => void;

interface Described {
  readonly name: string;
  readonly help: string;
}

/**
 * A counter whose series are made once. Those of prom-client hash and check their labels at each count, which takes half a
 * microsecond; these add to a number, and prom-client sees it at a scrape.
 */
export const createCounter = (registry: Registry, described: Described, labelNames: readonly string[]) => {
  const all: { readonly labels: Labels; value: number }[] = [];
  new Counter({
    ...described,
    labelNames,
    registers: [registry],
    collect() {
      this.reset();
      for (const { labels, value } of all) this.inc(labels, value);
    },
  });
  return (labels: Labels): Series => {
    const series = { labels, value: 0 };
    all.push(series);
    return (by) => {
      series.value += by;
    };
  };
};

/** A histogram whose series are made once, for the same reason. `bounds` rise. */
export const createHistogram = (registry: Registry, { name, help }: Described, bounds: readonly number[]) => {
  const all: (() => readonly object[])[] = [];
  const get = async () => ({ name, help, type: 'histogram', aggregator: 'sum', values: all.flatMap((read) => read()) });
  registry.registerMetric({ name, help, get } as unknown as Histogram);
  return (labels: Labels): Series => {
    const counts = new Array<number>(bounds.length + 1).fill(0);
    let sum = 0;
    all.push(() => {
      let count = 0;
      const buckets = counts.map((own, at) => {
        count += own;
        return { metricName: `${name}_bucket`, labels: { le: bounds[at] ?? '+Inf', ...labels }, value: count };
      });
      const whole = { metricName: `${name}_count`, labels, value: count };
      return [...buckets, { metricName: `${name}_sum`, labels, value: sum }, whole];
    });
    return (value) => {
      let at = 0;
      while (at < bounds.length && value > (bounds[at] as number)) at += 1;
      counts[at] = (counts[at] as number) + 1;
      sum += value;
    };
  };
};

export const metricPrefix = 'hindcast_';
