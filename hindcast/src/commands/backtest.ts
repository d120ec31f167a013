import { type BacktestReport, emptySlices, labelBias, type Metrics } from '@hindcast/domain';
import type { Command } from 'commander';
import { failed } from '../cli-failure.ts';
import { textTable } from '../text-table.ts';
import { endingOf, type Job, watchJob } from '../watch-job.ts';
import { type CliContext, clientCommand, connect, flagsOf } from './cli-context.ts';
import { type PastOptions, pastBody, withPastOptions } from './past-options.ts';
import { type Begun, nothingToRun } from './verify.ts';

type Backtest = Job & { readonly report?: BacktestReport };

interface BacktestOptions extends PastOptions {
  readonly model: string;
  readonly history?: string;
  readonly slice?: readonly string[];
  readonly shadow?: true;
}

/** Rows of the lists that are shown; the page has more. */
const shownMax = 10;

export const backtestCommand = (context: CliContext): Command =>
  withPastOptions(
    clientCommand(
      'backtest',
      'Ask a version of a model what it would have said to past predictions, or to all that come',
      'npx hindcast backtest --model churn@2 --since 24h',
      'npx hindcast backtest --model churn@2 --slice input.plan --sample 10%',
      'npx hindcast backtest --model churn@2 --shadow',
    )
      .requiredOption('--model <version>', 'the version that is asked, such as churn@2')
      .option('--history <model>', 'the model whose past it is asked about; default: the same')
      .option(
        '--slice <names...>',
        'report also by the values of these: input.NAME, context.NAME, entity, version, role',
      )
      .option('--shadow', 'all that comes from now on, until the job is canceled'),
  ).action(async (options: BacktestOptions) => {
    const { client, voice, hint } = connect(context, options);
    const { model, history, slice, shadow } = options;
    const json = {
      model,
      ...(history === undefined ? undefined : { history }),
      ...(slice === undefined ? undefined : { slices: slice }),
      ...(shadow && { shadow }),
      ...pastBody(options, context.terminal.now()),
    };
    const begun = (
      await client.request('/v1/backtests', { method: 'POST', json, flags: flagsOf(options, { slice: '/slices' }) })
    ).body as Begun;
    const page = `${client.url}${begun.links.self}/report`;
    if (shadow) voice.note(`It goes on until it is canceled: ${hint(`jobs cancel ${begun.id}`)}`);
    if (shadow || !options.wait) {
      voice.note(`Report: ${page}`);
      voice.answer(begun, begun.id);
      return;
    }
    await watchJob(client, voice, begun.id);
    const ended = (await client.request(begun.links.self)).body as Backtest;
    const { report } = ended;
    if (ended.status !== 'succeeded' || !report) {
      throw failed(
        `The backtest ${endingOf(ended.status)}: ${ended.error?.detail ?? ended.reason ?? 'no reason is known'}`,
      );
    }
    voice.answer(ended, describe(report));
    voice.note(`Report: ${page}`);
    if (report.compared + report.refused === 0) voice.note(nothingToRun);
    else if (report.compared === 0)
      throw failed('Nothing was compared: the candidate has answered none of these rows.');
  });

const share = (part: number, whole: number): string => (whole === 0 ? '' : ` (${((100 * part) / whole).toFixed(1)} %)`);
const figure = (value: number | null | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : '';

const shiftWords = ({ mean, meanSize }: BacktestReport['shift']): string =>
  meanSize === 0
    ? 'no score moved'
    : `scores moved by ${figure(mean)} on average, by ${figure(meanSize)} where up and down count alike`;

const describe = (report: BacktestReport): string => {
  const { compared, changed, refused, refusals, labelled, shift, flips } = report;
  const moved = shift.rows > 0 ? [shiftWords(shift)] : [];
  const pairs = flips.slice(0, shownMax).map(({ was, is, rows }) => [was, '→', is, `${rows}${share(rows, compared)}`]);
  return [
    `${compared} compared, ${changed} of them changed${share(changed, compared)}, ${labelled} with a label`,
    ...(refused > 0 ? [`${refused} not answered: ${JSON.stringify(refusals)} ${report.refusalExample ?? ''}`] : []),
    ...moved,
    ...(pairs.length > 0 ? ['', textTable(pairs)] : []),
    ...qualityLines(report),
    ...report.slices.flatMap(sliceLines),
    ...emptySlices(report).map((slice) => `No row has ${slice}: that slice tells nothing.`),
  ].join('\n');
};

type Slice = BacktestReport['slices'][number];

/** The largest values of a slice; the report has all that are told apart. */
const sliceLines = ({ slice, values }: Slice): readonly string[] => {
  const name = names.find((one) => values.some(({ quality }) => typeof quality.candidate?.[one] === 'number'));
  const metric = ({ quality: { recorded, candidate } }: Slice['values'][number]) =>
    name === undefined ? [] : [figure(recorded?.[name]), figure(candidate?.[name])];
  const head = [slice, 'rows', 'changed', ...(name === undefined ? [] : [`${name} recorded`, 'candidate'])];
  const largest = values.toSorted((a, b) => b.rows - a.rows).slice(0, shownMax);
  const rows = largest.map((one) => [
    ...[one.value, String(one.rows), `${one.changed}${share(one.changed, one.rows)}`],
    ...metric(one),
  ]);
  const more = values.length > shownMax ? [`and ${values.length - shownMax} more in the report`] : [];
  return ['', textTable([head, ...rows]), ...more];
};

const names = ['accuracy', 'decisionAccuracy', 'auc', 'brier', 'logLoss', 'mae', 'rmse', 'bias'] as const;

const qualityLines = ({ quality: { recorded, candidate } }: BacktestReport): readonly string[] => {
  if (!recorded && !candidate) return [];
  const has = (metrics: Metrics | undefined, name: (typeof names)[number]) => typeof metrics?.[name] === 'number';
  const rows = names
    .filter((name) => has(recorded, name) || has(candidate, name))
    .map((name) => [name, figure(recorded?.[name]), figure(candidate?.[name])]);
  return ['', textTable([['', 'recorded', 'candidate'], ...rows]), labelBias];
};
