import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { numberOf, type Row } from '../session-run/feeds.ts';
import type { Ran } from './events.ts';

/** One input of a run, with a value for each of its rows, or with all of each row. */
export interface Column {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array<ArrayBuffer> | string[];
}

export interface Run {
  readonly outputs: readonly { readonly name: string; readonly values: ArrayLike<string | number | bigint> }[];
  readonly inferenceMs: number;
}

/** What the process says of the graph when it is ready. */
interface Graph {
  readonly inputs: readonly string[];
  readonly texts: readonly string[];
}

interface Waiting {
  readonly input: Row;
  readonly ended: (ran: Ran) => void;
}

const rowsMax = 1_000;

/** As `feedsOf`, of many rows. */
const columnsOf = ({ inputs, texts }: Graph, rows: readonly Row[]): Column[] => {
  const [only = '', ...more] = inputs;
  if (more.length === 0) {
    const values = Float32Array.from(rows.flatMap((row) => Object.values(row).map(numberOf)));
    return [{ name: only, shape: [rows.length, values.length / rows.length], values }];
  }
  const shape = [rows.length, 1];
  const named = rows as readonly Readonly<Record<string, unknown>>[];
  return inputs.map((name) => ({
    ...{ name, shape },
    values: texts.includes(name)
      ? named.map((row) => String(row[name]))
      : Float32Array.from(named, (row) => numberOf(row[name])),
  }));
};

const plain = (value: string | number | bigint | undefined): unknown =>
  typeof value === 'bigint' ? Number(value) : value;

const outputsOf = ({ outputs }: Run, rows: number, place: number): unknown =>
  Object.fromEntries(
    outputs.map(({ name, values }) => {
      const each = values.length / rows;
      if (each === 1) return [name, plain(values[place])];
      return [name, Array.from({ length: each }, (_, at) => plain(values[place * each + at]))];
    }),
  );

/** Runs the rows that wait, all of them at once, in a process of its own. */
export const startRunner = async (model: string) => {
  const child = spawn(process.execPath, [fileURLToPath(new URL('model-process.js', import.meta.url)), model], {
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  });
  const [graph] = (await once(child, 'message')) as [Graph];
  let waiting: Waiting[] = [];
  let running: Waiting[] = [];

  const run = (): void => {
    if (running.length > 0 || waiting.length === 0) return;
    running = waiting.slice(0, rowsMax);
    waiting = waiting.slice(rowsMax);
    const columns = columnsOf(
      graph,
      running.map(({ input }) => input),
    );
    child.send(columns);
  };

  child.on('message', (done: Run) => {
    const rows = running;
    running = [];
    run();
    const { inferenceMs } = done;
    for (const [place, { ended }] of rows.entries())
      ended({ output: outputsOf(done, rows.length, place), rowsInRun: rows.length, place, inferenceMs });
  });

  return {
    /** Those of one turn of the event loop share a run, if none is under way. */
    add: (input: Row, ended: (ran: Ran) => void): void => {
      if (waiting.length === 0) setImmediate(run);
      waiting.push({ input, ended });
    },
  };
};
