import { batchOf, churnInputs, connections, rowsPerBatch, shareAlone } from './churn-rows.ts';
import { overHttp, type Workload } from './measure-over-http.ts';
import type { Answer, Measure } from './peer.ts';
import { postJson } from './peer-process.ts';

/** The HTTP interface before the queues, the same for each: `bench/peers/bullmq/door.ts`, `bench/peers/bare-pipeline/pipeline.ts`, `bench/peers/celery/app.py`. */
export interface QueueDoor {
  readonly port: number;
  readonly pids: readonly number[];
}

const ones = churnInputs.map((input) => JSON.stringify({ input }));
const many = (inputs: readonly unknown[]) => [JSON.stringify({ inputs: batchOf(inputs) })];

export const queueAnswer = (port: number) => (input: unknown) =>
  postJson<Answer>(`http://127.0.0.1:${port}/predict-and-wait`, { input });

/** Whether a row comes through, to the worker and back. */
export const answers = (port: number): Promise<boolean> =>
  queueAnswer(port)(churnInputs[0]).then(
    () => true,
    () => false,
  );

export const manyPath = '/predict-many';

/** What is measured of every queue. */
export const queueMeasures = ({ port, pids }: QueueDoor): readonly Measure[] => {
  const single = { load: { port, path: '/predict', bodies: ones, connections: connections.single }, each: 1, pids };
  const wait = { load: { ...single.load, path: '/predict-and-wait' }, each: 1, expects: 200, pids };
  return [
    overHttp('single', { ...single, expects: 202, results: { count: () => completed(port), each: 1 } }),
    overHttp('batch', batchWorkload({ port, pids }, manyPath, rowsPerBatch)),
    overHttp('wait', { ...wait, load: { ...wait.load, connections: connections.wait } }),
    overHttp('alone', { ...wait, load: { ...wait.load, connections: connections.alone }, share: shareAlone }),
  ];
};

/** A batch of which a queue keeps so many results. */
export const batchWorkload = (
  { port, pids }: QueueDoor,
  path: string,
  results: number,
  inputs: readonly unknown[] = churnInputs,
): Workload => ({
  load: { port, path, bodies: many(inputs), connections: connections.batch },
  expects: 202,
  each: rowsPerBatch,
  results: { count: () => completed(port), each: results },
  pids,
});

const completed = async (port: number): Promise<number> =>
  Number(await (await fetch(`http://127.0.0.1:${port}/completed`)).text());
