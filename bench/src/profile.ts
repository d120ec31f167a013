import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { connections } from './beside/churn-rows.ts';
import { doorOf, openMax, submitting, waitingFor } from './beside/hindcast-door.ts';
import { overHttp } from './beside/measure-over-http.ts';
import { inputs, itemsPerBatch, model } from './churn-requests.ts';
import { succeeded, until } from './measured-system.ts';
import { onlyOf, positive } from './options.ts';
import {
  bytesIn,
  type CallFrame,
  type CpuProfile,
  functionOf,
  type HeapNode,
  partOf,
  type Spent,
  sumsBy,
  timeIn,
} from './profile/shares.ts';
import { figuresText } from './results.ts';
import { startServerProcess } from './server-process.ts';
import { aboutThisRun, loadOfMachine, wordsOf } from './this-run.ts';

/** Where the main thread of an embedded Hindcast spends its time, and what makes its garbage. */
const help = `npm run bench:profile -w @hindcast/bench -- [options]

Time and bytes of a prediction in the server's main thread, by part of the program and by function: a CPU profile, and then a
sampled profile of all that is allocated, each after a warm-up. Waiting for the disk counts as time.

  --only A,B      only these: single, wait, items
  --seconds S     time of each profile (5)
  --functions N   functions of each table (25)
  --help          this text
`;

const of = { model, inputs, each: 1 };
const forms = [
  { name: 'single', title: `single POST, ${connections.single} connections`, each: 1 },
  { name: 'wait', title: `POST that waits, ${connections.wait} connections`, each: 1 },
  { name: 'items', title: `items ×${itemsPerBatch}, ${connections.batch} connections`, each: itemsPerBatch },
] as const;
type Form = (typeof forms)[number];

const profiles = {
  cpu: { unit: 'µs', divisor: 1, spentIn: (profile: unknown) => timeIn(profile as CpuProfile) },
  heap: { unit: 'kB', divisor: 1_000, spentIn: (profile: unknown) => bytesIn((profile as { head: HeapNode }).head) },
} as const;
type Kind = keyof typeof profiles;

const inProcess = new URL('profile/in-process.js', import.meta.url).href;
/** Whose files have the names of their sources, which the bundle's have not. */
const program = fileURLToPath(new URL('../../hindcast/dist/main.js', import.meta.url));

/** For each prediction, in the unit of the kind. */
const measure = async ({ name, each }: Form, kind: Kind, seconds: number): Promise<readonly Spent[]> => {
  const folder = await mkdtemp(join(tmpdir(), 'hindcast-bench-'));
  try {
    const file = join(folder, 'profile.json');
    const env = { PROFILE_KIND: kind, PROFILE_FILE: file };
    const node = ['--import', inProcess];
    const server = await startServerProcess(join(folder, 'data'), ['--open-max', openMax], { env, node, program });
    const door = doorOf(server);
    const workload =
      name === 'wait' ? waitingFor(door, { of, connections: connections.wait }) : submitting(door, { ...of, each });
    const load = overHttp(name, workload);
    await load.run(seconds);
    const before = await succeeded(server.url, model);
    process.kill(server.pid, 'SIGIO');
    await load.run(seconds);
    process.kill(server.pid, 'SIGIO');
    let written: { readonly profile: unknown } | undefined;
    await until(async () => {
      written = await readFile(file, 'utf8').then(JSON.parse, () => undefined);
      return written !== undefined;
    });
    const predictions = (await succeeded(server.url, model)) - before;
    await server.stop();
    const { spentIn, divisor } = profiles[kind];
    const found = spentIn(written?.profile);
    return found.map(({ frame, amount }) => ({ frame, amount: amount / divisor / predictions }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const tableOf = (
  { title, kind, spent }: { readonly title: string; readonly kind: Kind; readonly spent: readonly Spent[] },
  by: readonly [name: string, of: (frame: CallFrame) => string, rows: number],
): string => {
  const [name, nameOf, rows] = by;
  const { unit } = profiles[kind];
  const all = spent.reduce((sum, { amount }) => sum + amount, 0);
  const row = (what: string, amount: number) =>
    `| ${what} | ${figuresText(amount)} ${unit} | ${((100 * amount) / all).toFixed(1)} % |`;
  return [
    `| ${title}, by ${name} | ${unit} of a prediction | share |`,
    '| --- | --- | --- |',
    ...sumsBy(nameOf, spent)
      .slice(0, rows)
      .map(([what, amount]) => row(what, amount)),
    row('**all**', all),
    '',
  ].join('\n');
};

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '5' },
    functions: { type: 'string', default: '25' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else {
  const seconds = positive('--seconds', values.seconds);
  const functions = positive('--functions', values.functions);
  const load = loadOfMachine();
  const tables: string[] = [];
  for (const form of onlyOf(forms, values.only))
    for (const kind of ['cpu', 'heap'] as const) {
      const found = { title: form.title, kind, spent: await measure(form, kind, seconds) };
      tables.push(tableOf(found, ['part', partOf, functions]), tableOf(found, ['function', functionOf, functions]));
    }
  const head = `${wordsOf(aboutThisRun('bench:profile'))}; load of the machine ${load} before and ${loadOfMachine()} at the end.`;
  process.stdout.write([head, '', ...tables].join('\n'));
}
