import type { Command } from 'commander';
import { parseMoment } from '../duration.ts';
import { textTable } from '../text-table.ts';
import { type CliContext, clientCommand, connect, flagsOf } from './cli-context.ts';
import { modelPath, parseReference } from './model-body.ts';

interface Row {
  readonly version: number;
  readonly since?: string;
  readonly accepted: number;
  readonly immature: number;
  readonly succeeded: number;
  readonly labeled: number;
  readonly coverage: number | null;
  readonly absent: number;
  readonly unscorable: number;
  readonly classes?: Readonly<Record<'accuracy' | 'decisionAccuracy' | 'auc' | 'brier' | 'logLoss', number | null>>;
  readonly numbers?: Readonly<Record<'mae' | 'rmse' | 'bias', number | null>>;
}

const places = {
  maturity: 'maturity',
  absent: 'absent',
  after: 'after',
  since: 'since',
  until: 'until',
  by: 'groupBy',
};

interface QualityOptions {
  readonly maturity?: string;
  readonly absent?: string;
  readonly after?: string;
  readonly since?: string;
  readonly until?: string;
  readonly by?: string;
}

export const qualityCommand = (context: CliContext): Command =>
  clientCommand(
    'quality',
    'How good a model was, as far as labels tell',
    'npx hindcast quality churn',
    'npx hindcast quality churn --maturity 7d',
    'npx hindcast quality churn --absent 0 --after 90d',
  )
    .argument('<model>', 'name of the model, or one version: churn@2')
    .option('--maturity <time>', 'only labels that came within 1h, 1d, 7d, 30d or 90d, of requests that old')
    .option('--absent <label>', 'what requests without a label count as; drop: nothing')
    .option('--after <time>', 'how old these must be, such as 90d')
    .option('--since <time>', 'accepted since: ISO 8601, or this long ago; 90 days where it is not given, 30 by hour')
    .option('--until <time>', 'accepted before')
    .option('--by <step>', 'a line for each hour or day (hour, day)')
    .action(async (reference: string, options: QualityOptions) => {
      const { client, voice } = connect(context, options);
      const { name, version } = parseReference(reference);
      const now = context.terminal.now();
      const query = new URLSearchParams();
      const set = (key: string, value: string | undefined) => value !== undefined && query.set(key, value);
      set('version', version?.toString());
      set('maturity', options.maturity);
      set('absent', options.absent);
      set('after', options.after);
      set('since', options.since && parseMoment(options.since, now));
      set('until', options.until && parseMoment(options.until, now));
      set('groupBy', options.by);
      const { body } = await client.request(`${modelPath(name)}/quality?${query}`, {
        flags: flagsOf(options, places),
      });
      const rows = (body as { data?: readonly Row[] }).data ?? [];
      const none = `Nothing was asked of ${reference} in this time.`;
      voice.answer(body, rows.length === 0 ? none : tableOf(rows));
    });

const measures = {
  accuracy: ({ classes }: Row) => classes?.accuracy,
  decision: ({ classes }: Row) => classes?.decisionAccuracy,
  auc: ({ classes }: Row) => classes?.auc,
  brier: ({ classes }: Row) => classes?.brier,
  'log loss': ({ classes }: Row) => classes?.logLoss,
  mae: ({ numbers }: Row) => numbers?.mae,
  rmse: ({ numbers }: Row) => numbers?.rmse,
  bias: ({ numbers }: Row) => numbers?.bias,
} as const;

const counts = ['accepted', 'succeeded', 'immature', 'labeled', 'absent', 'unscorable'] as const;
const alwaysShown: readonly string[] = ['accepted', 'succeeded', 'labeled'];

/** Columns that say nothing of any row are left out. */
const tableOf = (rows: readonly Row[]): string => {
  const isTimed = rows.some(({ since }) => since !== undefined);
  const shownCounts = counts.filter((name) => alwaysShown.includes(name) || rows.some((row) => row[name] > 0));
  const shown = Object.entries(measures).filter(([, of]) => rows.some((row) => typeof of(row) === 'number'));
  const head = [
    ...['version', ...(isTimed ? ['since'] : [])],
    ...[...shownCounts, 'coverage'],
    ...shown.map(([name]) => name),
  ];
  const cells = rows.map((row) => [
    ...[String(row.version), ...(isTimed ? [row.since?.slice(0, 16) ?? ''] : [])],
    ...[...shownCounts.map((name) => String(row[name])), percent(row.coverage)],
    ...shown.map(([, of]) => number(of(row))),
  ]);
  return textTable([head, ...cells]);
};

const percent = (share: number | null): string => {
  if (share === null) return '-';
  const shown = (share * 100).toFixed(1);
  return share > 0 && shown === '0.0' ? '<0.1 %' : `${shown} %`;
};
const number = (value: number | null | undefined): string => (typeof value === 'number' ? value.toPrecision(4) : '-');
