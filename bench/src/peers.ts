import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { barePipeline } from './beside/bare-pipeline.ts';
import { bullmq } from './beside/bullmq.ts';
import { celery } from './beside/celery.ts';
import { compare, type Outcome } from './beside/compare.ts';
import { comparisonPlot } from './beside/comparison-plot.ts';
import { comparisonTable } from './beside/comparison-table.ts';
import { hindcastDistributed } from './beside/hindcast-distributed.ts';
import { hindcastEmbedded } from './beside/hindcast-embedded.ts';
import type { Comparison } from './beside/measured-systems.ts';
import { mlserver } from './beside/mlserver.ts';
import { sessionRun } from './beside/session-run.ts';
import { validatingDoor } from './beside/validating-door.ts';
import { onlyOf, positive } from './options.ts';
import { aboutThisRun, loadOfMachine } from './this-run.ts';

/** Measures Hindcast beside other systems: load generator in this process, all else in their own. */
const peers = [
  hindcastEmbedded,
  bullmq,
  celery,
  mlserver,
  validatingDoor,
  sessionRun,
  barePipeline,
  hindcastDistributed,
];

const help = `npm run bench:peers -w @hindcast/bench -- [options]

Runs Hindcast and other systems in turn, with the same model and the same load generator, and prints a table.

  --rounds N      rounds, in each of which every system is measured once (5)
  --seconds S     time of a measure, of which some take half; with its warm-up a quarter more (3)
  --only A,B      only these: ${peers.map(({ name }) => name).join(', ')}
  --out PATH      results go to PATH.json and PATH.svg (bench/results/peers)
  --from FILE     measures nothing, and prints the table of such a file
  --help          this text
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string' },
    out: { type: 'string', default: fileURLToPath(new URL('../results/peers', import.meta.url)) },
    from: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const run = async (): Promise<Comparison> => {
  const [rounds, seconds] = [positive('--rounds', values.rounds), positive('--seconds', values.seconds)];
  const head = {
    ...aboutThisRun('bench:peers'),
    ...{ rounds, seconds },
  };
  const before = loadOfMachine();
  const whole = (outcome: Outcome): Comparison => ({ ...head, load: { before, after: loadOfMachine() }, ...outcome });
  const keep = async (outcome: Outcome) => {
    const comparison = whole(outcome);
    await mkdir(dirname(values.out), { recursive: true });
    await writeFile(`${values.out}.json`, `${JSON.stringify(comparison, undefined, 2)}\n`);
    await writeFile(`${values.out}.svg`, comparisonPlot(comparison));
  };
  const say = (line: string) => void process.stderr.write(`# ${line}\n`);
  return whole(await compare(onlyOf(peers, values.only), { rounds, seconds, say, onRound: keep }));
};

if (values.help) process.stdout.write(help);
else {
  const comparison = values.from ? (JSON.parse(await readFile(values.from, 'utf8')) as Comparison) : await run();
  process.stdout.write(comparisonTable(comparison));
}
