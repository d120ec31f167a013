import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { allOf, startAllServices } from '@hindcast/tests/measuring';
import { model } from './churn-requests.ts';
import { measureCluster } from './cluster-round.ts';
import { positive } from './options.ts';
import { type Row, tableOf } from './results.ts';
import { aboutThisRun, loadOfMachine, wordsOf } from './this-run.ts';

/** Measures the processes on Kafka, a document store and Redis: load generator in this process, all else in their own. */
const help = `npm run bench:distributed -w @hindcast/bench -- [options]

Rates, latencies and the CPU of each kind of process, distributed, with services on this machine.

  --rounds N     rounds, each on a log and with processes of its own (3)
  --sizes A,B    how many of each process, one column for each number (1,2)
  --requests N   single requests of a round; the other measures go by it (20000)
  --out FILE     the table, after each round
  --help         this text
`;

const measure = async (sizes: readonly number[], rounds: number, requests: number, out?: string): Promise<void> => {
  const columns = sizes.map((size) => ({ size, rounds: [] as (readonly Row[])[] }));
  const loadBefore = loadOfMachine();
  const head = `${wordsOf(aboutThisRun('bench:distributed'))}; one broker, model \`${model}\`, ${rounds} rounds of ${requests} single requests, load generator and services on the same machine, whose load was ${loadBefore} before.`;
  const table = (): string =>
    [head, '', tableOf(columns.map(({ size, rounds: done }) => ({ title: `${size} of each`, rounds: done })))].join(
      '\n',
    );

  const services = await startAllServices();
  for (const line of [...services.report, ...services.missing]) process.stderr.write(`# ${line}\n`);
  try {
    for (let at = 1; at <= rounds; at++) {
      for (const { size, rounds: done } of columns) {
        const options = { services: allOf(services.addresses), pids: services.pids, size, requests };
        done.push(await measureCluster(options));
        process.stderr.write(`# round ${at} with ${size} of each is done, load ${loadOfMachine()}\n`);
        // A run takes minutes: what it has so far outlives it.
        if (out !== undefined) await writeFile(out, table());
      }
    }
  } finally {
    await services.stop();
  }
  process.stdout.write(table());
};

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    sizes: { type: 'string', default: '1,2' },
    requests: { type: 'string', default: '20000' },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(help);
else {
  const sizes = values.sizes.split(',').map((size) => positive('--sizes', size));
  await measure(sizes, positive('--rounds', values.rounds), positive('--requests', values.requests), values.out);
}
