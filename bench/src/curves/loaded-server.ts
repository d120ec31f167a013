import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMaxFor } from '../churn-requests.ts';
import { runLoad } from '../http-load.ts';
import { openPredictions, succeeded, until } from '../measured-system.ts';
import { cpuUsOfTree, memoryMibOfTree } from '../process-tree.ts';
import { type ServerProcess, startServerProcess } from '../server-process.ts';

export interface ServerOptions {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly openMax?: number;
}

const openMaxUsual = openMaxFor(200_000);

/** A Hindcast of its own on an empty folder, as its users start it. */
export const withServer = async <T>(
  { flags = [], env = {}, openMax = openMaxUsual }: ServerOptions,
  use: (server: ServerProcess) => Promise<T>,
): Promise<T> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    const server = await startServerProcess(folder, [...flags, '--open-max', String(openMax)], env);
    try {
      return await use(server);
    } finally {
      await server.stop();
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

export const path = '/v1/predictions';

/** Requests with one row, or with `each` rows. */
export const bodiesOf = (model: string, inputs: readonly unknown[], each: number): readonly string[] =>
  each === 1
    ? inputs.map((input) => JSON.stringify({ model, input }))
    : [
        JSON.stringify({
          model,
          items: Array.from({ length: each }, (_, at) => ({ input: inputs[at % inputs.length] })),
        }),
      ];

export interface Completing {
  readonly model: string;
  readonly inputs: readonly unknown[];
  /** Predictions in a request. */
  readonly each: number;
  readonly seconds: number;
  readonly connections?: number;
}

const warmUpShare = 0.3;
const connectionsSingle = 64;
const connectionsItems = 8;

/** Until each is in the view: predictions a second, and what they took of the processors. */
const send = async (
  server: ServerProcess,
  { model, inputs, each, connections }: Completing,
  bound: { requests: number; msMax?: number },
) => {
  const before = await succeeded(server.url, model);
  const cpuBefore = await cpuUsOfTree(server.pid);
  const startedAt = performance.now();
  const bodies = bodiesOf(model, inputs, each);
  const count = connections ?? (each === 1 ? connectionsSingle : connectionsItems);
  const timed = await runLoad({ port: server.port, path, bodies, connections: count, ...bound });
  const accepted = timed.filter(({ status }) => status === 202).length * each;
  await until(async () => (await openPredictions(server.url)) === 0);
  await until(async () => (await succeeded(server.url, model)) - before >= accepted);
  const ms = performance.now() - startedAt;
  const cpu = await cpuUsOfTree(server.pid);
  return {
    requests: timed.length,
    perSecond: (accepted / ms) * 1_000,
    mainUs: (cpu.main - cpuBefore.main) / accepted,
    childrenUs: (cpu.children - cpuBefore.children) / accepted,
    ms,
  };
};

/** Warms up, and then sends what should be completed in the given time. */
export const complete = async (
  server: ServerProcess,
  completing: Completing,
): Promise<Readonly<Record<string, number>>> => {
  const warmMs = completing.seconds * warmUpShare * 1_000;
  const warm = await send(server, completing, { requests: Number.POSITIVE_INFINITY, msMax: warmMs });
  const requests = Math.max(1, Math.round((warm.requests / warm.ms) * completing.seconds * 1_000));
  const { perSecond, mainUs, childrenUs } = await send(server, completing, { requests });
  return {
    'completed, /s': perSecond,
    'CPU of the server, µs': mainUs,
    'CPU of inference, µs': childrenUs,
    'memory, MiB': await memoryMibOfTree(server.pid),
  };
};

/** Registers a model file under the name. */
export const addVersion = async (
  server: ServerProcess,
  name: string,
  file: Uint8Array<ArrayBuffer>,
  query = '',
): Promise<void> => {
  const answer = await fetch(`${server.url}/v1/models/${name}/versions${query}`, {
    method: 'POST',
    headers: { 'content-type': 'application/octet-stream' },
    body: file,
  });
  if (!answer.ok) throw new Error(`${name} was refused: ${await answer.text()}`);
};
