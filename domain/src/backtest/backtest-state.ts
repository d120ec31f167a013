import { noPast, type PastCounts } from '../past/past-counts.ts';
import { contribute } from '../quality/quality-contribution.ts';
import { addTo, microUnits, type SumsInTheMaking } from '../quality/quality-sums.ts';
import { scoredOutput } from '../quality/scored-output.ts';
import { type AnswerChange, compareAnswers } from './compare-answers.ts';
import type { ComparedRow } from './compared-row.ts';
import { addToBin, type BinCounts } from './fixed-bins.ts';
import { countSlices, type SliceCounts } from './slice-counts.ts';
import { addToTop, type TopChange } from './top-changes.ts';

/** Pairs of classes that are told apart; what is beyond is counted as `others`. */
const flipsMax = 100;
/** What separates two classes in the name of a pair. */
export const flipMark = '\u001f';

export interface RowsFile {
  readonly sha256: string;
  readonly bytes: number;
  readonly rows: number;
}

/**
 * All that a backtest has counted, as JSON. Sums are integers and bins have fixed edges: how the past was cut into pieces
 * makes no difference.
 */
export interface BacktestState {
  counts: PastCounts;
  /** Rows that the candidate has answered. */
  compared: number;
  changed: number;
  labelled: number;
  /** Why it has not answered, by code. */
  refusals: Record<string, number>;
  refusalExample: string | undefined;
  /** By pair of classes. */
  flips: Record<string, number>;
  sort: 'probability' | 'number' | undefined;
  shift: BinCounts;
  sums: SumsInTheMaking;
  scores: { recorded: BinCounts; candidate: BinCounts };
  /** Of two classes the one that a decision of true means. */
  positive: string | undefined;
  quality: { recorded: SumsInTheMaking; candidate: SumsInTheMaking };
  slices: SliceCounts;
  top: TopChange[];
  /** Files of the result set, one line for each row, in their order. */
  files: RowsFile[];
}

export const emptyBacktest = (): BacktestState => ({
  counts: noPast,
  compared: 0,
  changed: 0,
  labelled: 0,
  refusals: {},
  refusalExample: undefined,
  flips: {},
  sort: undefined,
  shift: {},
  sums: {},
  scores: { recorded: {}, candidate: {} },
  positive: undefined,
  quality: { recorded: {}, candidate: {} },
  slices: {},
  top: [],
  files: [],
});

/** Counts one more row, and answers how it has changed. */
export const countRow = (state: BacktestState, row: ComparedRow): AnswerChange => {
  const { recorded, candidate, label } = row;
  const change = compareAnswers(recorded, candidate);
  state.compared += 1;
  if (change.changed) state.changed += 1;
  countFlip(state, change);
  countShift(state, change);
  const scored = scoredOutput(candidate);
  if (scored?.kind === 'classes' && scored.names.length === 2) state.positive ??= scored.names[1];
  if (label && label.value !== null) {
    state.labelled += 1;
    contribute(recorded, label, (name, amount) => addTo(state.quality.recorded, name, amount));
    contribute(candidate, label, (name, amount) => addTo(state.quality.candidate, name, amount));
  }
  countSlices(state.slices, row, change);
  addToTop(state.top, row, change);
  return change;
};

const countFlip = ({ flips }: BacktestState, { was, is }: AnswerChange): void => {
  if (was === undefined || is === undefined) return;
  const pair = `${was}${flipMark}${is}`;
  const known = Object.hasOwn(flips, pair) || Object.keys(flips).length < flipsMax;
  const name = known ? pair : `others${flipMark}others`;
  flips[name] = (Object.hasOwn(flips, name) ? (flips[name] ?? 0) : 0) + 1;
};

const countShift = (state: BacktestState, { score }: AnswerChange): void => {
  if (!score) return;
  state.sort ??= score.sort;
  // One past is of one sort; what is of another one would have no place in the same bins.
  if (state.sort !== score.sort) return;
  const shift = score.is - score.was;
  addTo(state.sums, 'shifted', 1);
  addTo(state.sums, 'shift', Math.round(shift * microUnits));
  addTo(state.sums, 'size', Math.round(Math.abs(shift) * microUnits));
  addToBin(state.shift, score.sort === 'probability' ? 'probability shift' : 'number', shift);
  addToBin(state.scores.recorded, score.sort, score.was);
  addToBin(state.scores.candidate, score.sort, score.is);
};

const examplesCharsMax = 300;

/** Counts a row that the candidate could not answer. */
export const countRefusal = (state: BacktestState, code: string, detail: string): void => {
  state.refusals[code] = (state.refusals[code] ?? 0) + 1;
  state.refusalExample ??= detail.slice(0, examplesCharsMax);
};
