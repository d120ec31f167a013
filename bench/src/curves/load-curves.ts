import { registerModel } from '../beside/hindcast-door.ts';
import { inputs, model, single } from '../churn-requests.ts';
import { runLoad, type Timed } from '../http-load.ts';
import { runSteadyLoad, type SteadyLoad } from '../http-steady-load.ts';
import { openPredictions, until } from '../measured-system.ts';
import { cpuUsOfTree, memoryMibOfTree } from '../process-tree.ts';
import { quantile } from '../quantile.ts';
import type { ServerProcess } from '../server-process.ts';
import type { Curve, Point } from './curve.ts';
import { denseModel, denseRows } from './dense-model.ts';
import { complete, withServer } from './loaded-server.ts';

const path = '/v1/predictions';
const waiting = { prefer: 'wait=30' };
const connectionsAccepting = 64;
/** More sockets than that tell about the load generator. */
const waitingMax = 1_000;
const warmUp = { model, inputs, each: 1, seconds: 1 };

const cpuFigures = async (server: ServerProcess, work: () => Promise<number>) => {
  const before = await cpuUsOfTree(server.pid);
  const startedAt = performance.now();
  const done = await work();
  const seconds = (performance.now() - startedAt) / 1_000;
  const after = await cpuUsOfTree(server.pid);
  return {
    'completed, /s': done / seconds,
    'CPU, µs': (after.main + after.children - before.main - before.children) / done,
    'memory, MiB': await memoryMibOfTree(server.pid),
  };
};

const keepWaiting = (server: ServerProcess, connections: number, seconds: number) =>
  cpuFigures(server, async () => {
    const load = { port: server.port, path, headers: waiting, bodies: single, connections };
    const timed = await runLoad({ ...load, requests: Number.POSITIVE_INFINITY, msMax: seconds * 1_000 });
    return timed.filter(({ status }) => status === 201).length;
  });

const move = async (server: ServerProcess, to: 'pause' | 'resume') => {
  const moved = await fetch(`${server.url}/v1/models/${model}/${to}`, { method: 'POST' });
  if (!moved.ok) throw new Error(`${to} was refused: ${await moved.text()}`);
};

/** All are accepted while the model is paused, and then run. */
const openAtOnce = (server: ServerProcess, count: number) =>
  cpuFigures(server, async () => {
    await move(server, 'pause');
    await runLoad({ port: server.port, path, bodies: single, connections: connectionsAccepting, requests: count });
    await move(server, 'resume');
    await until(async () => (await openPredictions(server.url)) === 0);
    return count;
  });

export const inFlightCurve: Curve = {
  name: 'in-flight',
  title: 'Predictions in flight',
  about: `Single requests; model \`${model}\`. Up to ${waitingMax} as many connections that wait for their result; beyond it all are accepted while the model is paused, and then run.`,
  async *measure({ seconds }) {
    for (const count of [10, 100, 1_000, 10_000, 100_000])
      yield await withServer({}, async (server) => {
        await complete(server, warmUp);
        const figures =
          count <= waitingMax ? await keepWaiting(server, count, seconds) : await openAtOnce(server, count);
        return { at: count.toLocaleString('en'), figures };
      });
  },
};

/** Its row takes the processor about a quarter of a millisecond, so that runs of many rows pay. */
const heavy = Uint8Array.from(denseModel(1_088));
const variants = { 'batching on': '', 'batching off': '?batchMax=1' } as const;
const overloadOpenMax = 4_000;
const warmUpSeconds = 2;

const addVariants = async (server: ServerProcess) => {
  for (const [name, query] of Object.entries(variants))
    await registerModel(server.url, { name: nameOf(name), file: heavy, settings: query });
};
const nameOf = (variant: string): string => variant.replace(' ', '-');
const bodiesOf = (variant: string) => denseRows.map((input) => JSON.stringify({ model: nameOf(variant), input }));

const flags = ['--children', '1'];

const calibrations = 3;
const connectionsCalibrating = 64;

/** What the model completes with batching off, of the same requests that are sent afterwards: the median of some tries, as one alone may fall into a stall. */
const capacityOff = async (server: ServerProcess, seconds: number): Promise<number> => {
  const bodies = bodiesOf('batching off');
  const rates: number[] = [];
  for (let at = 0; at < calibrations; at++) {
    const startedAt = performance.now();
    const load = { port: server.port, path, headers: waiting, bodies, connections: connectionsCalibrating };
    const timed = await runLoad({ ...load, requests: Number.POSITIVE_INFINITY, msMax: seconds * 1_000 });
    rates.push((timed.length / (performance.now() - startedAt)) * 1_000);
  }
  return quantile(rates, 0.5);
};

type Steady = Pick<SteadyLoad, 'connections' | 'perSecond' | 'seconds'>;

const steady = async (server: ServerProcess, variant: string, how: Steady): Promise<Point> => {
  const load = { port: server.port, path, headers: waiting, bodies: bodiesOf(variant) };
  const startedAt = performance.now();
  const { timed, unsent } = await runSteadyLoad({ ...load, ...how });
  const took = (performance.now() - startedAt) / 1_000;
  const done = timed.filter(({ status }) => status === 201);
  const ms = done.map((one: Timed) => one.ms);
  return {
    at: variant,
    figures: {
      'offered, /s': how.perSecond,
      'completed, /s': done.length / took,
      'refused, %': (100 * timed.filter(({ status }) => status === 503).length) / (timed.length + unsent),
      'never sent, %': (100 * unsent) / (timed.length + unsent),
      'p50, ms': quantile(ms, 0.5),
      'p99, ms': quantile(ms, 0.99),
      'memory, MiB': await memoryMibOfTree(server.pid),
    },
  };
};

interface SteadyShape {
  /** Of what the model completes with batching off. */
  readonly share: number;
  readonly rounds: number;
  /** As few as are never all in use: a server that takes thousands of them in just then has no steady load. */
  readonly connections: number;
}

const steadyCurve = (about: Omit<Curve, 'measure'>, { share, rounds, connections }: SteadyShape): Curve => ({
  ...about,
  async *measure({ seconds }) {
    const names = Object.keys(variants);
    const points = await withServer({ openMax: overloadOpenMax, flags }, async (server) => {
      await addVariants(server);
      await capacityOff(server, warmUpSeconds);
      const measureOne = async (variant: string, how: Pick<Steady, 'perSecond' | 'seconds'>): Promise<Point> => {
        const point = await steady(server, variant, { connections, ...how });
        await until(async () => (await openPredictions(server.url)) === 0);
        return point;
      };
      const measured: Point[] = [];
      for (let round = 0; round <= rounds; round++) {
        const perSecond = share * (await capacityOff(server, seconds / calibrations));
        for (const variant of round % 2 === 1 ? names : names.toReversed()) {
          const point = await measureOne(variant, { perSecond, seconds });
          // The first one warms up.
          if (round > 0) measured.push({ ...point, at: `${point.at}, round ${round}` });
        }
      }
      return measured;
    });
    yield* points;
  },
});

export const overloadCurve = steadyCurve(
  {
    name: 'overload',
    title: 'Three times what can be done',
    about: `Single requests that wait, at three times the rate that the model completed with batching off just before; dense model of 4.8 MB, one inference process, at most ${overloadOpenMax / 2} of a model open.`,
  },
  { share: 3, rounds: 5, connections: 2_500 },
);

export const lightLoadCurve = steadyCurve(
  {
    name: 'light-load',
    title: 'A third of what can be done',
    about:
      'Single requests that wait, at 30 % of the rate that the model completed with batching off just before; dense model of 4.8 MB, one inference process.',
  },
  { share: 0.3, rounds: 5, connections: 200 },
);
