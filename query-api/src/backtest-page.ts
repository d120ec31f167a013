import { escapeHtml, htmlPage } from '@hindcast/adapters/http';
import { type BacktestReport, type BacktestSpec, emptySlices, labelBias, type Metrics } from '@hindcast/domain';
import type { backtestBody } from './backtest-reading.ts';
import { type Bar, barPlot, seriesColors } from './bar-plot.ts';

type Body = ReturnType<typeof backtestBody>;
type Bins = BacktestReport['shift']['bins'];

type Shown = string | number | boolean | null | undefined;
const cell = (value: Shown): string => `<td>${escapeHtml(String(value ?? '–'))}</td>`;
const table = (heads: readonly string[], rows: readonly (readonly Shown[])[]): string =>
  `<table><thead><tr>${heads.map((head) => `<th>${escapeHtml(head)}</th>`).join('')}</tr></thead>` +
  `<tbody>${rows.map((row) => `<tr>${row.map(cell).join('')}</tr>`).join('')}</tbody></table>`;
const section = (title: string, ...parts: readonly string[]): string =>
  `<h2>${escapeHtml(title)}</h2>${parts.join('')}`;

const figure = (value: number | null | undefined): string =>
  typeof value === 'number' ? String(Number(value.toPrecision(4))) : '–';
const percent = (part: number, whole: number): string => (whole === 0 ? '–' : `${((100 * part) / whole).toFixed(1)} %`);

/** A report for people: plots are inline SVG, nothing runs, and every text of others is escaped. */
export const backtestPage = ({ id, kind, status, spec: given, progress, report }: Body): string => {
  const spec = given as BacktestSpec;
  const { model, version } = spec.candidate;
  const title = `${kind === 'shadow' ? 'Shadow' : 'Backtest'} of ${model}@${version} on ${spec.model}`;
  const state = progress?.detail === undefined ? status : `${status}: ${progress.detail}`;
  const head =
    `<h1>${escapeHtml(title)}</h1><p>${escapeHtml(state)}. For programs: ` +
    `<a href="/v1/backtests/${encodeURIComponent(id)}">JSON</a>, ` +
    `<a href="/v1/backtests/${encodeURIComponent(id)}/rows">all rows</a>.</p>`;
  return htmlPage(title, report ? head + reportHtml(report) : `${head}<p>There is nothing to show yet.</p>`);
};

const reportHtml = (report: BacktestReport): string =>
  [
    totals(report),
    flips(report),
    shift(report),
    scores(report),
    quality(report),
    ...report.slices.map((one) => slice(one, emptySlices(report).includes(one.slice))),
    top(report),
  ].join('\n');

const totals = ({ counts, compared, changed, refused, refusals, refusalExample, labelled }: BacktestReport): string => {
  const rows = [
    ['Predictions with a result', counts.succeeded],
    ['Answered by the candidate', compared],
    ['Of those changed', `${changed} (${percent(changed, compared)})`],
    ['Not answered', refused === 0 ? 0 : `${refused}: ${JSON.stringify(refusals)} ${refusalExample ?? ''}`],
    ['With a label', labelled],
  ];
  return section('In all', table(['', ''], rows));
};

const flips = ({ flips: pairs, compared }: BacktestReport): string => {
  if (pairs.length === 0) return '';
  const rows = pairs.map(({ was, is, rows: n }) => [was, is, n, percent(n, compared)]);
  const words = 'What has a decision stands under the class that the decision is for, all else under its class.';
  return section('From answer to answer', `<p>${words}</p>`, table(['Recorded', 'Candidate', 'Rows', 'Share'], rows));
};

const range = ({ from, to }: Bins[number]): string => `${from ?? '−∞'} to ${to ?? '∞'}`;
const endsOf = (bins: Bins): readonly [string, string] => [
  String(bins[0]?.from ?? '−∞'),
  String(bins.at(-1)?.to ?? '∞'),
];

const shift = ({ shift: { bins, mean, meanSize, rows } }: BacktestReport): string => {
  if (rows === 0) return '';
  const bars = bins.map((bin): Bar => ({ title: `${range(bin)}: ${bin.count}`, counts: [bin.count] }));
  const words =
    meanSize === 0
      ? 'No score has moved.'
      : `Candidate minus recorded: ${figure(mean)} on average, ${figure(meanSize)} where up and down count alike.`;
  return section(
    'How far scores have moved',
    `<p>${words}</p>`,
    barPlot('Rows by shift of the score', bars, endsOf(bins)),
  );
};

const scores = ({ scores: { recorded, candidate } }: BacktestReport): string => {
  const all = new Map<string, Bins[number]>();
  for (const bin of [...recorded, ...candidate]) all.set(range(bin), bin);
  const bins = [...all.values()].sort(
    (a, b) => (a.from ?? Number.NEGATIVE_INFINITY) - (b.from ?? Number.NEGATIVE_INFINITY),
  );
  if (bins.length === 0) return '';
  const countIn = (side: Bins, bin: Bins[number]) => side.find((one) => range(one) === range(bin))?.count ?? 0;
  const bars = bins.map((bin): Bar => {
    const counts = [countIn(recorded, bin), countIn(candidate, bin)];
    return { title: `${range(bin)}: ${counts[0]} recorded, ${counts[1]} candidate`, counts };
  });
  const key = ['recorded', 'candidate'].map((name, at) => `<span style="color:${seriesColors[at]}">■</span> ${name}`);
  return section(
    'Scores',
    `<p>${key.join(' ')}</p>`,
    barPlot('Rows by score, recorded and candidate', bars, endsOf(bins)),
  );
};

const metricNames = ['accuracy', 'decisionAccuracy', 'auc', 'brier', 'logLoss', 'mae', 'rmse', 'bias'] as const;

const quality = ({ quality: { recorded, candidate } }: BacktestReport): string => {
  if (!recorded && !candidate) return '';
  const names = metricNames.filter((name) => recorded?.[name] !== undefined || candidate?.[name] !== undefined);
  const rows = [
    ['labels compared', recorded?.n, candidate?.n],
    ...names.map((name) => [name, figure(recorded?.[name]), figure(candidate?.[name])]),
  ];
  return section('Against the labels', table(['', 'Recorded', 'Candidate'], rows), `<p>${escapeHtml(labelBias)}</p>`);
};

const mainMetric = (metrics: Metrics | undefined): string => figure(metrics?.accuracy ?? metrics?.mae);

const slice = ({ slice: name, values }: BacktestReport['slices'][number], isEmpty: boolean): string => {
  const rows = values.map(({ value, rows: n, changed, quality: { recorded, candidate } }) => [
    ...[value, n, `${changed} (${percent(changed, n)})`],
    ...[candidate?.n ?? recorded?.n ?? 0, mainMetric(recorded), mainMetric(candidate)],
  ]);
  const heads = ['Value', 'Rows', 'Changed', 'Labels', 'Recorded', 'Candidate'];
  const none = isEmpty ? `<p>No row has ${escapeHtml(name)}.</p>` : '';
  const words = '<p>The last two: accuracy, or of numbers the mean absolute error.</p>';
  return section(`By ${name}`, none, words, table(heads, rows));
};

const top = ({ top: changes }: BacktestReport): string => {
  if (changes.length === 0) return '';
  const rows = changes.map(({ predictionId, was, is, shift: by, label }) => {
    const link = `<a href="/v1/predictions/${encodeURIComponent(predictionId)}">${escapeHtml(predictionId)}</a>`;
    return `<tr><td>${link}</td>${[was, is, figure(by), label].map(cell).join('')}</tr>`;
  });
  const heads = ['Prediction', 'Recorded', 'Candidate', 'Shift', 'Label'].map((head) => `<th>${head}</th>`).join('');
  return section(
    'What has changed most',
    `<table><thead><tr>${heads}</tr></thead><tbody>${rows.join('')}</tbody></table>`,
  );
};
