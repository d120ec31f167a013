import { readFile } from 'node:fs/promises';
import { openMaxFor } from '../churn-requests.ts';
import { openPredictions, succeeded, until } from '../measured-system.ts';
import type { ServerProcess } from '../server-process.ts';
import { churnInputs, connections, repeated, rowsPerBatch, shareAlone } from './churn-rows.ts';
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

/** That of one process. */
export const doorOf = ({ url, pid }: Pick<ServerProcess, 'url' | 'pid'>): HindcastDoor => ({
  ...{ commandUrl: url, queryUrl: url, keeperUrl: url },
  pids: [pid],
});

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

/** Requests of one row, or of `each` rows, until all of them have their results. */
export const submitting = (
  door: HindcastDoor,
  { model, inputs, each }: { readonly model: string; readonly inputs: readonly unknown[]; readonly each: number },
): Workload => ({
  load: {
    port: portOf(door.commandUrl),
    path,
    bodies:
      each === 1
        ? inputs.map((input) => JSON.stringify({ model, input }))
        : [JSON.stringify({ model, items: repeated(inputs, each).map((input) => ({ input })) })],
    connections: each === 1 ? connections.single : connections.batch,
  },
  expects: 202,
  each,
  results: { count: countOf(door, model), each },
  pids: door.pids,
});

/** Requests of one row that are answered with their result. */
export const waitingFor = (
  door: HindcastDoor,
  { of, connections }: { readonly of: Parameters<typeof submitting>[1]; readonly connections: number },
): Workload => {
  const { results: _, ...single } = submitting(door, of);
  return { ...single, expects: 201, load: { ...single.load, headers: prefer, connections } };
};

export const hindcastMeasures = (door: HindcastDoor): readonly Measure[] => {
  const of = { model: 'churn', inputs: churnInputs, each: 1 };
  return [
    overHttp('single', submitting(door, of)),
    overHttp('batch', submitting(door, { ...of, each: rowsPerBatch })),
    overHttp('wait', waitingFor(door, { of, connections: connections.wait })),
    overHttp('alone', { ...waitingFor(door, { of, connections: connections.alone }), share: shareAlone }),
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

/** Registers the file of a model. */
export const registerModel = async (
  url: string,
  {
    name,
    file,
    settings = '',
  }: { readonly name: string; readonly file: Uint8Array<ArrayBuffer>; readonly settings?: string },
): Promise<void> => {
  const answer = await fetch(`${url}/v1/models/${name}/versions${settings}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: file,
  });
  if (!answer.ok) throw new Error(`${name} was refused: ${await answer.text()}`);
};

/** Registers a model, and waits until a command API takes a row for it. */
export const addModel = async (url: string, { name, file, rows }: LoopModel): Promise<void> => {
  await registerModel(url, { name, file: await readFile(file) });
  const probe = () => postJson(url + path, { model: name, input: rows[0] }, prefer);
  await until(() =>
    probe().then(
      () => true,
      () => false,
    ),
  );
};
