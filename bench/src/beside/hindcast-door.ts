import { readFile } from 'node:fs/promises';
import { openMaxFor } from '../churn-requests.ts';
import { openPredictions, succeeded, until } from '../measured-system.ts';
import { batchOf, churnInputs, connections, rowsPerBatch, shareAlone } from './churn-rows.ts';
import { overHttp, type Workload } from './measure-over-http.ts';
import type { LoopModel } from './model-files.ts';
import type { Answer, Measure } from './peer.ts';
import { postJson } from './peer-process.ts';

/** Where a Hindcast takes commands and answers queries, and what processes it consists of. */
export interface HindcastDoor {
  readonly commandUrl: string;
  readonly queryUrl: string;
  /** Whoever knows what is open. */
  readonly keeperUrl: string;
  readonly pids: readonly number[];
}

const path = '/v1/predictions';
const waitSeconds = 30;
const prefer = { prefer: `wait=${waitSeconds}` };

/** What may be open at once: none of the requests is to be refused, and a model may have half of it. */
export const openMax = String(openMaxFor(1_000_000));

const portOf = (url: string): number => Number(new URL(url).port);

/** Predictions in the view, told only when none is open: asking makes the views of an embedded run write what waits. */
const countOf =
  ({ queryUrl, keeperUrl }: HindcastDoor, model: string) =>
  async (): Promise<number> =>
    (await openPredictions(keeperUrl)) === 0 ? succeeded(queryUrl, model) : 0;

export const itemsWorkload = (door: HindcastDoor, model: string, inputs: readonly unknown[]): Workload => ({
  load: {
    port: portOf(door.commandUrl),
    path,
    bodies: [JSON.stringify({ model, items: batchOf(inputs).map((input) => ({ input })) })],
    connections: connections.batch,
  },
  expects: 202,
  each: rowsPerBatch,
  results: { count: countOf(door, model), each: rowsPerBatch },
  pids: door.pids,
});

export const hindcastMeasures = (door: HindcastDoor): readonly Measure[] => {
  const bodies = churnInputs.map((input) => JSON.stringify({ model: 'churn', input }));
  const load = { port: portOf(door.commandUrl), path, bodies, connections: connections.single };
  const single = { load, each: 1, pids: door.pids };
  const wait = { ...single, expects: 201 };
  const waitLoad = { ...load, headers: prefer };
  return [
    overHttp('single', { ...single, expects: 202, results: { count: countOf(door, 'churn'), each: 1 } }),
    overHttp('batch', itemsWorkload(door, 'churn', churnInputs)),
    overHttp('wait', { ...wait, load: { ...waitLoad, connections: connections.wait } }),
    overHttp('alone', { ...wait, load: { ...waitLoad, connections: connections.alone }, share: shareAlone }),
  ];
};

export const hindcastAnswer =
  (commandUrl: string) =>
  async (input: unknown): Promise<Answer> => {
    const { output } = await postJson<{ output: { label: string; probabilities: { no: number; yes: number } } }>(
      commandUrl + path,
      { model: 'churn', input },
      prefer,
    );
    return { label: output.label, probabilities: [output.probabilities.no, output.probabilities.yes] };
  };

/** Registers a model, and waits until a command API takes a row for it. */
export const addModel = async (url: string, { name, file, rows }: LoopModel): Promise<void> => {
  const answer = await fetch(`${url}/v1/models/${name}/versions`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: await readFile(file),
  });
  if (!answer.ok) throw new Error(`${name} was refused: ${await answer.text()}`);
  const probe = () => postJson(url + path, { model: name, input: rows[0] }, prefer);
  await until(() =>
    probe().then(
      () => true,
      () => false,
    ),
  );
};
