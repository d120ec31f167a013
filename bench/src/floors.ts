import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { connections } from './beside/churn-rows.ts';
import { doorOf, type HindcastDoor, openMax, submitting, waitingFor } from './beside/hindcast-door.ts';
import { overHttp, type Workload } from './beside/measure-over-http.ts';
import { loopModels } from './beside/model-files.ts';
import { sessionRunLoop } from './beside/session-run.ts';
import { validatingDoor } from './beside/validating-door.ts';
import { inputs, itemsPerBatch, model } from './churn-requests.ts';
import { cpuUsAlone } from './floors/alone.ts';
import { succeeded } from './measured-system.ts';
import { positive } from './options.ts';
import { type Row, tableOf } from './results.ts';
import { startServerProcess } from './server-process.ts';
import { aboutThisRun, loadOfMachine, wordsOf } from './this-run.ts';

/**
 * What a prediction costs an embedded Hindcast, beside what the libraries under it take for the same: the texts and rows
 * that the run has left are made, hashed and written once more by nothing but the library, each in a process of its own.
 */
const help = `npm run bench:floors -w @hindcast/bench -- [options]

CPU time of a prediction, beside that of the libraries alone.

  --rounds N      interleaved rounds (3)
  --seconds S     time of a measure (3)
  --help          this text
`;

interface Form {
  readonly title: string;
  readonly each: number;
  workload(door: HindcastDoor): Workload;
}
const form = (title: string, each: number, workload: (door: HindcastDoor, of: Of) => Workload): Form => ({
  ...{ title, each },
  workload: (door) => workload(door, { model, inputs, each }),
});
type Of = Parameters<typeof submitting>[1];
const forms: readonly Form[] = [
  form(`single POST, ${connections.single} connections`, 1, submitting),
  form(`POST that waits, ${connections.wait} connections`, 1, (door, of) =>
    waitingFor(door, { of, connections: connections.wait }),
  ),
  form(`items ×${itemsPerBatch}, ${connections.batch} connections`, itemsPerBatch, submitting),
];

const doorAlone = async (seconds: number): Promise<number> => {
  const door = await validatingDoor.start();
  try {
    return (await door.measures[0]?.run(seconds))?.cpuUs ?? Number.NaN;
  } finally {
    await door.stop();
  }
};

const rowsPerRun = async (url: string): Promise<number> => {
  const text = await (await fetch(`${url}/metrics`)).text();
  const sumOf = (name: string) =>
    Array.from(text.matchAll(new RegExp(`^hindcast_inference_run_rows_${name}.* (\\d+)$`, 'gm')), ([, value]) =>
      Number(value),
    ).reduce((a, b) => a + b, 0);
  return Math.round(sumOf('sum') / sumOf('count'));
};

const inferenceAlone = async (seconds: number, rowsPerRun: number): Promise<number> => {
  const churn = loopModels.find(({ name }) => name === model);
  return churn ? (await sessionRunLoop(churn, seconds, rowsPerRun)).cpuUs : Number.NaN;
};

const measure = async ({ each, workload }: Form, seconds: number): Promise<readonly Row[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    const server = await startServerProcess(folder, ['--open-max', openMax]);
    const complete = overHttp('complete', workload(doorOf(server)));
    await complete.run(seconds);
    const whole = await complete.run(seconds);
    const predictions = await succeeded(server.url, model);
    const rows = await rowsPerRun(server.url);
    await server.stop();
    const part = async (work: Parameters<typeof cpuUsAlone>[0]) => (await cpuUsAlone(work, folder)) / predictions;
    const parts = {
      ...(each === 1 ? { 'fastify that only validates': await doorAlone(seconds) } : {}),
      'session.run, as many rows in a run': await inferenceAlone(seconds, rows),
      'JSON.stringify of its events': await part('stringify'),
      'SHA-256 of its events': await part('hash'),
      'SQLite: its frames of the log, synced': await part('log'),
      'SQLite: its row of the view, with indexes': await part('view'),
    };
    const sum = Object.values(parts).reduce((a, b) => a + b, 0);
    const table = { ...parts, '**these together**': sum, '**Hindcast**': whole.cpuUs };
    return [
      ...Object.entries(table).map(([name, value]) => ({ measure: name, value, unit: 'µs' })),
      { measure: 'Hindcast, as a multiple', value: whole.cpuUs / sum, unit: '×' },
      { measure: 'load generator', value: whole.loadCpuUs ?? Number.NaN, unit: 'µs' },
      { measure: 'rows in a run', value: rows, unit: '' },
    ];
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else {
  const [rounds, seconds] = [positive('--rounds', values.rounds), positive('--seconds', values.seconds)];
  const load = loadOfMachine();
  const measured = new Map(forms.map((form) => [form, [] as (readonly Row[])[]]));
  for (let round = 1; round <= rounds; round++)
    for (const [form, done] of measured) {
      done.push(await measure(form, seconds));
      process.stderr.write(`# ${form.title}, round ${round}\n`);
    }
  const head = `${wordsOf(aboutThisRun('bench:floors'))}; load of the machine ${load} before and ${loadOfMachine()} at the end.`;
  const tables = [...measured].map(([{ title }, done]) => tableOf([{ title, rounds: done }]));
  process.stdout.write([head, '', ...tables].join('\n'));
}
