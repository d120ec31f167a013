import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import { allOf, startAllServices } from '@hindcast/tests/measuring';
import { model } from './churn-requests.ts';
import { measureCluster } from './cluster-round.ts';
import { machine, type Row, tableOf } from './results.ts';

/** Measures the processes on Kafka, a document store and Redis: load generator in this process, all else in their own. */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    /** How many of each process, one column for each number. */
    sizes: { type: 'string', default: '1,2' },
    requests: { type: 'string', default: '20000' },
    out: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const requests = Number(values.requests);
const columns = values.sizes.split(',').map((size) => ({ size: Number(size), rounds: [] as (readonly Row[])[] }));

const loadOfMachine = (): string => (loadavg()[0] ?? 0).toFixed(1);
const loadBefore = loadOfMachine();
const table = (): string =>
  [
    `Distributed, one broker, model \`${model}\`, ${machine()}, ${rounds} rounds of ${requests} single requests, load generator and services on the same machine, whose load was ${loadBefore} before.`,
    '',
    tableOf(columns.map(({ size, rounds: done }) => ({ title: `${size} of each`, rounds: done }))),
  ].join('\n');

const services = await startAllServices();
for (const line of [...services.report, ...services.missing]) process.stderr.write(`# ${line}\n`);
try {
  for (let at = 1; at <= rounds; at++) {
    for (const { size, rounds: done } of columns) {
      const options = { services: allOf(services.addresses), pids: services.pids, size, requests };
      done.push(await measureCluster(options));
      process.stderr.write(`# round ${at} with ${size} of each is done, load ${loadOfMachine()}\n`);
      // A run takes minutes: what it has so far outlives it.
      if (values.out !== undefined) await writeFile(values.out, table());
    }
  }
} finally {
  await services.stop();
}
process.stdout.write(table());
