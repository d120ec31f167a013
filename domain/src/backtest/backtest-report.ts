import { type Static, Type } from '@sinclair/typebox';
import { pastCountsSchema } from '../past/past-counts.ts';
import { type ClassQuality, classQuality, type NumberQuality, numberQuality } from '../quality/quality-metrics.ts';
import { microUnits, type QualitySums } from '../quality/quality-sums.ts';
import { type BacktestState, flipMark } from './backtest-state.ts';
import { binSchema, binsOf } from './fixed-bins.ts';
import type { SliceValue } from './slice-counts.ts';

const count = (description: string) => Type.Integer({ minimum: 0, description });
const maybe = (description: string) => Type.Union([Type.Number(), Type.Null()], { description });
const metricsSchema = Type.Object({
  n: count('Labels that could be compared'),
  accuracy: Type.Optional(maybe('Share of weight whose most likely class came true')),
  decisionAccuracy: Type.Optional(maybe('The same for the decision that a threshold makes')),
  auc: Type.Optional(maybe('Area under the ROC curve, from scores in hundredths')),
  brier: Type.Optional(maybe('Mean squared error of probabilities')),
  logLoss: Type.Optional(maybe('Mean logarithmic loss')),
  mae: Type.Optional(maybe('Mean absolute error')),
  rmse: Type.Optional(maybe('Root of the mean squared error')),
  bias: Type.Optional(maybe('Mean of predicted minus actual')),
});
export type Metrics = Static<typeof metricsSchema>;
const bothSchema = Type.Object(
  { recorded: Type.Optional(metricsSchema), candidate: Type.Optional(metricsSchema) },
  { description: 'Against the labels of the stretch; a side without labels that it can be compared with is absent' },
);
const value = Type.Union([Type.String(), Type.Number(), Type.Boolean(), Type.Null()]);

export const backtestReportSchema = Type.Object(
  {
    counts: pastCountsSchema,
    compared: count('Rows that the candidate has answered'),
    refused: count('Rows that it could not answer'),
    refusals: Type.Record(Type.String(), Type.Integer(), { description: 'Why not' }),
    refusalExample: Type.Optional(Type.String({ description: 'The first reason, in words' })),
    changed: count('Rows with another class, another decision, or another number'),
    flips: Type.Array(Type.Object({ was: Type.String(), is: Type.String(), rows: count('So many') }), {
      description: 'Class or decision as it was recorded, and as the candidate has it',
    }),
    shift: Type.Object(
      {
        rows: count('With scores on both sides'),
        mean: maybe('Of candidate minus recorded'),
        meanSize: maybe('Without the sign'),
        bins: Type.Array(binSchema),
      },
      {
        description:
          'Of the score: the probability of the last of two classes, of the recorded one of more, or the number',
      },
    ),
    scores: Type.Object({ recorded: Type.Array(binSchema), candidate: Type.Array(binSchema) }),
    labelled: count('Rows whose label was in the stretch'),
    quality: bothSchema,
    slices: Type.Array(
      Type.Object({
        slice: Type.String(),
        values: Type.Array(
          Type.Object({
            value: Type.String(),
            rows: count('So many'),
            changed: count('Of those'),
            quality: bothSchema,
          }),
        ),
      }),
    ),
    top: Type.Array(
      Type.Object({
        predictionId: Type.String(),
        position: Type.String(),
        was: value,
        is: value,
        shift: maybe('Of the score'),
        label: value,
      }),
      { description: 'Rows that changed most' },
    ),
    rows: count('Lines of the result set'),
  },
  { description: 'What another version would have said' },
);
export type BacktestReport = Static<typeof backtestReportSchema>;

export const labelBias =
  'Labels that come about by what the recorded version decided favour that version: what it turned away has none, or other ones.';

export const backtestReport = (state: BacktestState): BacktestReport => {
  const { counts, compared, refusals, refusalExample, changed, labelled, top, files } = state;
  return {
    ...{ counts, compared, refusals, changed, labelled, top },
    refused: Object.values(refusals).reduce((sum, n) => sum + n, 0),
    ...(refusalExample === undefined ? undefined : { refusalExample }),
    flips: Object.entries(state.flips)
      .map(([pair, rows]) => {
        const [was = '', is = ''] = pair.split(flipMark);
        return { was, is, rows };
      })
      .sort((a, b) => b.rows - a.rows || (a.was + a.is < b.was + b.is ? -1 : 1)),
    shift: shiftOf(state),
    scores: {
      recorded: [...binsOf(state.sort ?? 'number', state.scores.recorded)],
      candidate: [...binsOf(state.sort ?? 'number', state.scores.candidate)],
    },
    quality: bothOf(state.quality, state.positive),
    slices: Object.entries(state.slices).map(([slice, values]) => ({
      slice,
      values: Object.entries(values).map(([of, one]) => sliceOf(of, one)),
    })),
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
  };
};

const shiftOf = ({ sums, sort, shift }: BacktestState): BacktestReport['shift'] => {
  const rows = Number(sums['shifted'] ?? 0);
  const mean = (name: string) => (rows === 0 ? null : Number(sums[name] ?? 0) / microUnits / rows);
  const bins = [...binsOf(sort === 'number' ? 'number' : 'probability shift', shift)];
  return { rows, mean: mean('shift'), meanSize: mean('size'), bins };
};

const sliceOf = (of: string, { rows, changed, ...sums }: SliceValue) => ({
  ...{ value: of, rows, changed },
  quality: bothOf(sums, undefined),
});

const bothOf = (
  { recorded, candidate }: { readonly recorded: QualitySums; readonly candidate: QualitySums },
  positive: string | undefined,
): BacktestReport['quality'] => {
  const before = metricsOf(recorded, positive);
  const after = metricsOf(candidate, positive);
  return { ...(before && { recorded: before }), ...(after && { candidate: after }) };
};

const metricsOf = (sums: QualitySums, positive: string | undefined): Metrics | undefined => {
  const classes: ClassQuality | undefined = classQuality(sums, positive);
  if (classes) {
    const { n, accuracy, decisionAccuracy, auc, brier, logLoss } = classes;
    return { n, accuracy, decisionAccuracy, auc, brier, logLoss };
  }
  const numbers: NumberQuality | undefined = numberQuality(sums);
  return numbers && { n: numbers.n, mae: numbers.mae, rmse: numbers.rmse, bias: numbers.bias };
};
