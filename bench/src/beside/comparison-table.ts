import { quantile } from '../quantile.ts';
import { figuresText } from '../results.ts';
import { wordsOf } from '../this-run.ts';
import { goals, isMet, leftByGoal, ratiosOf, ratiosOfLibraries, takenNow } from './goals.ts';
import { type Comparison, measuresOf, valuesOf } from './measured-systems.ts';
import type { Figures } from './peer.ts';

/** What the measures are, for people. */
const measureTitles: Readonly<Record<string, string>> = {
  single: 'single POST, 64 connections',
  batch: '100 a request, 8 connections',
  chunk: '100 a request as one task with one result',
  wait: 'POST that waits for its result, 32 connections',
  alone: 'POST that waits for its result, 1 connection',
};

export const titleOf = (measure: string): string => measureTitles[measure] ?? measure;

const spread = (values: readonly number[], unit: string): string => {
  if (values.length === 0) return '–';
  const [min, median, max] = [0, 0.5, 1].map((q) => figuresText(quantile(values, q)));
  return values.length === 1 ? `${median}${unit}` : `${median}${unit} (${min} to ${max})`;
};

const columns: readonly { readonly title: string; readonly figure: keyof Figures | 'cores'; readonly unit: string }[] =
  [
    { title: 'completed', figure: 'perSecond', unit: ' /s' },
    { title: 'CPU per prediction', figure: 'cpuUs', unit: ' µs' },
    { title: 'cores used', figure: 'cores', unit: '' },
    { title: 'p50', figure: 'p50Ms', unit: ' ms' },
    { title: 'p99', figure: 'p99Ms', unit: ' ms' },
  ];

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const header = (titles: readonly string[]): readonly string[] => [row(titles), row(titles.map(() => '---'))];

/** A row for each measure of each system: the median of its rounds, and the smallest and largest of them. */
const figuresTable = ({ systems }: Comparison): readonly string[] => [
  ...header(['measure', 'system', ...columns.map(({ title }) => title)]),
  ...measuresOf(systems).flatMap((measure) =>
    systems
      .filter((system) => valuesOf(system, measure, 'perSecond').length > 0)
      .map((system) => {
        const cells = columns.map(({ figure, unit }) => spread(valuesOf(system, measure, figure), unit));
        return row([titleOf(measure), system.ours ? `**${system.title}**` : system.title, ...cells]);
      }),
  ),
];

const goalsTable = (comparison: Comparison): readonly string[] => [
  ...header([
    'goal, as ratio of each round',
    'median (min to max)',
    'wanted',
    '',
    'libraries, wired together',
    'CPU it leaves',
    'CPU now',
  ]),
  ...goals.map((goal) => {
    const { systems } = comparison;
    const ratios = ratiosOf(goal, systems);
    const wanted = goal.atLeast === undefined ? `≤ ${goal.atMost}` : `≥ ${goal.atLeast}`;
    const verdict = isMet(goal, quantile(ratios, 0.5)) ? 'met' : '**not met**';
    const cpu = [leftByGoal(goal, comparison), takenNow(goal, systems)].map((us) =>
      Number.isNaN(us) ? '–' : `${figuresText(us)} µs`,
    );
    const libraries = spread(ratiosOfLibraries(goal, systems), '×');
    const said = ratios.length === 0 ? 'not measured' : verdict;
    return row([goal.text, spread(ratios, '×'), wanted, said, libraries, ...cpu]);
  }),
];

/** The comparison in Markdown. */
export const comparisonTable = (comparison: Comparison): string => {
  const { load, rounds, seconds, leftOut } = comparison;
  return [
    `${wordsOf(comparison)}; ${rounds} interleaved rounds of ${seconds} s a measure, model \`churn\`; load generator and all processes on this machine, whose load was ${load.before} before and ${load.after} at the end.`,
    '',
    ...figuresTable(comparison),
    '',
    ...goalsTable(comparison),
    '',
    ...leftOut.map(({ title, reason }) => `**Left out: ${title}.** ${reason}\n`),
  ].join('\n');
};
