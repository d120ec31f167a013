import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import type { Curve, Point } from './curves/curve.ts';
import { inFlightCurve, lightLoadCurve, overloadCurve } from './curves/load-curves.ts';
import { logSizeCurve } from './curves/log-size-curve.ts';
import {
  auditCurve,
  inferenceProcessesCurve,
  itemsCurve,
  modelSizeCurve,
  partitionsCurve,
} from './curves/throughput-curves.ts';
import { onlyOf, positive } from './options.ts';
import { figuresText } from './results.ts';
import { type AboutRun, aboutThisRun, loadOfMachine, wordsOf } from './this-run.ts';

/** How costs grow: load generator in this process, an embedded Hindcast of its own for each point. */
const curves: readonly Curve[] = [
  itemsCurve,
  inFlightCurve,
  partitionsCurve,
  modelSizeCurve,
  inferenceProcessesCurve,
  lightLoadCurve,
  overloadCurve,
  auditCurve,
  logSizeCurve,
];

const help = `npm run bench:curves -w @hindcast/bench -- [options]

Measures an embedded Hindcast at growing sizes of one thing at a time, and prints a table for each.

  --only A,B      only these: ${curves.map(({ name }) => name).join(', ')}
  --seconds S     time of a measure (3)
  --events N      events of the longest log, of 10,000, 100,000, 1 and 10 million (1000000)
  --out FILE      results go there as JSON (bench/results/curves.json)
  --from FILE     measures nothing, and prints the tables of such a file
  --help          this text
`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    seconds: { type: 'string', default: '3' },
    events: { type: 'string', default: '1000000' },
    out: { type: 'string', default: fileURLToPath(new URL('../results/curves.json', import.meta.url)) },
    from: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

interface MeasuredCurve extends Pick<Curve, 'name' | 'title' | 'about'> {
  readonly points: Point[];
}

interface Measured {
  readonly about: AboutRun;
  readonly load: { readonly before: number; readonly after: number };
  readonly curves: readonly MeasuredCurve[];
}

const run = async (): Promise<Measured> => {
  const options = { seconds: positive('--seconds', values.seconds), eventsMax: positive('--events', values.events) };
  const about = aboutThisRun('bench:curves');
  const before = loadOfMachine();
  const done: MeasuredCurve[] = [];
  const measured = (): Measured => ({ about, load: { before, after: loadOfMachine() }, curves: done });
  await mkdir(dirname(values.out), { recursive: true });
  for (const { name, title, about: words, measure } of onlyOf(curves, values.only)) {
    const points: Point[] = [];
    done.push({ name, title, about: words, points });
    for await (const point of measure(options)) {
      points.push(point);
      process.stderr.write(`# ${title}: ${point.at}\n`);
      // A run takes minutes: what it has so far outlives it.
      await writeFile(values.out, `${JSON.stringify(measured(), undefined, 2)}\n`);
    }
  }
  return measured();
};

const tableOf = ({ title, about, points }: MeasuredCurve): string => {
  const names = Object.keys(points[0]?.figures ?? {});
  const rowOf = ({ at, figures }: Point) =>
    `| ${at} | ${names.map((name) => figuresText(figures[name] ?? Number.NaN)).join(' | ')} |`;
  return [
    `**${title}.** ${about}`,
    '',
    `| | ${names.join(' | ')} |`,
    `| --- |${' --- |'.repeat(names.length)}`,
    ...points.map(rowOf),
    '',
  ].join('\n');
};

if (values.help) process.stdout.write(help);
else {
  const measured = values.from ? (JSON.parse(await readFile(values.from, 'utf8')) as Measured) : await run();
  const { about, load } = measured;
  const head = `${wordsOf(about)}; load of the machine ${load.before} before and ${load.after} at the end.`;
  process.stdout.write([head, '', ...measured.curves.map(tableOf)].join('\n'));
}
