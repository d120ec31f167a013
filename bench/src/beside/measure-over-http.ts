import { type Load, runLoad, type Timed } from '../http-load.ts';
import { until } from '../measured-system.ts';
import { cpuUsOfTree } from '../process-tree.ts';
import { quantile } from '../quantile.ts';
import type { Figures, Measure } from './peer.ts';

/** One way to load a system. */
export interface Workload {
  readonly load: Omit<Load, 'requests' | 'msMax'>;
  /** Status of a request that did what it was sent for. */
  readonly expects: number;
  /** Predictions in a request. */
  readonly each: number;
  /** How many results there are, and how many a request adds. Left out where the answer to a request is its result. */
  readonly results?: { readonly count: () => Promise<number>; readonly each: number };
  /** The first process of each tree that belongs to the system. */
  readonly pids: readonly number[];
  /** Of the time of a measure, for one that needs less. */
  readonly share?: number;
}

/** Of the time of a measure. The rate at its end says how many requests the measure has. */
const warmUpShare = 0.25;
const resultsMsMax = 120_000;

const cpuUsOf = async (pids: readonly number[]): Promise<number> => {
  let us = 0;
  for (const pid of pids) {
    const { main, children } = await cpuUsOfTree(pid);
    us += main + children;
  }
  return us;
};

/** Sends requests and waits until each of them has its results. */
const send = async ({ load, expects, results }: Workload, bound: Pick<Load, 'requests' | 'msMax'>) => {
  const before = (await results?.count()) ?? 0;
  const startedAt = performance.now();
  const timed: readonly Timed[] = await runLoad({ ...load, ...bound });
  const wrong = timed.find(({ status }) => status !== expects);
  if (wrong) throw new Error(`${load.path} answered ${wrong.status}, not ${expects}`);
  if (results) {
    const expected = before + timed.length * results.each;
    const giveUpAt = performance.now() + resultsMsMax;
    await until(async () => {
      if (performance.now() > giveUpAt) throw new Error(`${load.path}: results are missing after ${resultsMsMax} ms`);
      return (await results.count()) >= expected;
    });
  }
  return { timed, seconds: (performance.now() - startedAt) / 1_000 };
};

/**
 * Warms the system up, and then sends as many requests as it should complete in the given time. A number that is fixed
 * beforehand, and not a time, keeps a system that accepts faster than it completes from being given a longer queue.
 */
const run = async (workload: Workload, seconds: number): Promise<Figures> => {
  const { load, each, results, pids } = workload;
  const warm = await send(workload, { requests: Number.POSITIVE_INFINITY, msMax: seconds * warmUpShare * 1_000 });
  const requests = Math.max(load.connections, Math.round((warm.timed.length / warm.seconds) * seconds));
  const cpuBefore = await cpuUsOf(pids);
  const loadBefore = process.cpuUsage();
  const measured = await send(workload, { requests });
  const { user, system } = process.cpuUsage(loadBefore);
  const figures = {
    perSecond: (requests * each) / measured.seconds,
    cpuUs: ((await cpuUsOf(pids)) - cpuBefore) / (requests * each),
    loadCpuUs: (user + system) / (requests * each),
  };
  if (results) return figures;
  const ms = measured.timed.map((one) => one.ms);
  return { ...figures, p50Ms: quantile(ms, 0.5), p99Ms: quantile(ms, 0.99) };
};

export const overHttp = (name: string, workload: Workload): Measure => ({
  name,
  run: (seconds) => run(workload, seconds * (workload.share ?? 1)),
});
