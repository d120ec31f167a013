import { type Static, Type } from '@sinclair/typebox';
import { noPast, pastCountsSchema } from '../past/past-counts.ts';

/** Groups of predictions that a report tells apart; further ones are counted together. */
export const groupsMax = 20;
/** Predictions that a report names: as many as there are pairs of a verdict and a reason, so that each pair has one. */
export const examplesMax = 12;

export const VERDICTS = ['exact', 'within_tolerance', 'decision_flip', 'mismatch', 'not_verified'] as const;
export type VerificationVerdict = (typeof VERDICTS)[number];

/** Why an answer is another one, or could not be compared; what is no fault comes last. */
const reasons = {
  other_values: 'The model answers something else',
  model_changed: 'The file of the model is not the one that ran: its digest differs',
  input_changed: 'The input is not the one that ran: its digest differs',
  output_changed: 'The recorded output is not the one that was given: its digest differs',
  run_refused: 'The model now refuses the input',
  model_missing: 'The file of the model is not in the store',
  version_unknown: 'The version is not in the log, or is another file',
  payload_missing: 'The input or output is not in the store',
  run_failed: 'The run ended without an answer: it crashed, or took too long',
  not_replayable: 'The model has random operators',
  imported: 'It was imported: another system ran it',
} as const;
export type VerificationReason = keyof typeof reasons;
export const VERIFICATION_REASONS = Object.keys(reasons) as VerificationReason[];

const count = (description: string) => Type.Integer({ minimum: 0, description });
const verdictCounts = {
  exact: count('The same answer, bit by bit'),
  within_tolerance: count('Only floats differ, by no more than rounding can do'),
  decision_flip: count('The same, but a class or a decision is another one'),
  mismatch: count('Another answer, or another model, input or output than was recorded'),
  not_verified: count('Could not be run again'),
};

const groupSchema = Type.Object({
  model: Type.String({ description: '`others` where there were too many groups' }),
  version: Type.Integer(),
  sha256: Type.String(),
  runtime: Type.String({ description: 'That ran it' }),
  threads: Type.Integer({ description: 'That ran it' }),
  ...verdictCounts,
  inItsPlace: count('Of the exact ones: those that needed a run of the recorded size, at the recorded place'),
  maxDifference: Type.Number({ description: 'Largest difference of two floats' }),
});
export type VerificationGroup = Static<typeof groupSchema>;

const exampleSchema = Type.Object({
  predictionId: Type.String(),
  position: Type.String({ description: 'Of the result' }),
  verdict: Type.Union(VERDICTS.map((verdict) => Type.Literal(verdict))),
  reason: Type.Union(VERIFICATION_REASONS.map((reason) => Type.Literal(reason, { description: reasons[reason] }))),
  detail: Type.Optional(Type.String()),
});
export type VerificationExample = Static<typeof exampleSchema>;

const ms = (description: string) => Type.Number({ minimum: 0, description });
const timingsSchema = Type.Object({
  readMs: ms('Reading the log and parsing it'),
  runMs: ms('Waiting for models'),
  compareMs: ms('Writing answers as text, hashing and comparing them'),
  pausedMs: ms('Waiting so as not to run more rows than allowed'),
});
export type VerificationTimings = Static<typeof timingsSchema>;

/** What came of a verification, or what has so far. */
export const verificationReportSchema = Type.Object(
  {
    counts: pastCountsSchema,
    verified: count('Predictions that were compared, or that could not be'),
    flipped: count('Of those that differ: another class or decision'),
    ...verdictCounts,
    groups: Type.Array(groupSchema, { description: 'By version of the model, and by the runtime that ran it' }),
    reasons: Type.Record(Type.String(), Type.Integer(), {
      description: 'Of all that are neither exact nor within tolerance',
    }),
    examples: Type.Array(exampleSchema, { description: 'Some of each verdict and reason, the worst first' }),
    again: Type.Array(Type.String(), { description: 'Runtimes that ran them again' }),
    timings: timingsSchema,
  },
  { description: 'Verdicts on the predictions of the stretch that have succeeded' },
);
export type VerificationReport = Static<typeof verificationReportSchema>;

export const emptyVerification = (): VerificationReport => ({
  counts: noPast,
  verified: 0,
  flipped: 0,
  exact: 0,
  within_tolerance: 0,
  decision_flip: 0,
  mismatch: 0,
  not_verified: 0,
  groups: [],
  reasons: {},
  examples: [],
  again: [],
  timings: { readMs: 0, runMs: 0, compareMs: 0, pausedMs: 0 },
});

/** One prediction, compared. */
export interface Verified {
  readonly of: Pick<VerificationGroup, 'model' | 'version' | 'sha256' | 'runtime' | 'threads'>;
  readonly predictionId: string;
  readonly position: string;
  readonly verdict: VerificationVerdict;
  readonly reason?: VerificationReason | undefined;
  readonly detail?: string | undefined;
  readonly inItsPlace?: boolean;
  readonly flipped?: boolean;
  readonly maxDifference?: number;
  /** That ran it again. */
  readonly again?: string | undefined;
}

const runtimesMax = 4;
const detailCharsMax = 160;

/** Counts one more into a report that is being made. */
export const countVerified = (report: VerificationReport, one: Verified): void => {
  const { verdict, reason, again, maxDifference = 0 } = one;
  const group = groupOf(report.groups, one.of);
  report.verified += 1;
  report[verdict] += 1;
  group[verdict] += 1;
  if (one.flipped) report.flipped += 1;
  if (one.inItsPlace) group.inItsPlace += 1;
  group.maxDifference = Math.max(group.maxDifference, maxDifference);
  if (again !== undefined && !report.again.includes(again) && report.again.length < runtimesMax)
    report.again.push(again);
  if (reason === undefined) return;
  report.reasons[reason] = (report.reasons[reason] ?? 0) + 1;
  const { predictionId, position, detail } = one;
  const text = detail === undefined ? undefined : { detail: detail.slice(0, detailCharsMax) };
  name(report.examples, { predictionId, position, verdict, reason, ...text });
};

const worstFirst: readonly VerificationVerdict[] = ['mismatch', 'decision_flip', 'not_verified'];
const rankOf = ({ verdict, reason }: VerificationExample): number =>
  worstFirst.indexOf(verdict) * VERIFICATION_REASONS.length + VERIFICATION_REASONS.indexOf(reason);

/** The first of each kind are kept. Where there is no room the kind with the most gives one up, of two the lesser evil. */
const name = (examples: VerificationExample[], one: VerificationExample): void => {
  const rank = rankOf(one);
  const behind = examples.findIndex((other) => rankOf(other) > rank);
  examples.splice(behind < 0 ? examples.length : behind, 0, one);
  if (examples.length <= examplesMax) return;
  const ofKind = new Map<number, number>();
  for (const other of examples) ofKind.set(rankOf(other), (ofKind.get(rankOf(other)) ?? 0) + 1);
  const most = Math.max(...ofKind.values());
  examples.splice(
    examples.findLastIndex((other) => ofKind.get(rankOf(other)) === most),
    1,
  );
};

const groupOf = (groups: VerificationGroup[], of: Verified['of']): VerificationGroup => {
  const known = groups.find(
    (group) =>
      group.model === of.model &&
      group.version === of.version &&
      group.sha256 === of.sha256 &&
      group.runtime === of.runtime &&
      group.threads === of.threads,
  );
  if (known) return known;
  if (groups.length >= groupsMax && of !== others) return groupOf(groups, others);
  const fresh: VerificationGroup = {
    ...of,
    ...{
      exact: 0,
      within_tolerance: 0,
      decision_flip: 0,
      mismatch: 0,
      not_verified: 0,
      inItsPlace: 0,
      maxDifference: 0,
    },
  };
  groups.push(fresh);
  return fresh;
};

const others: Verified['of'] = { model: 'others', version: 0, sha256: '', runtime: '', threads: 0 };

/** How many were compared, in words: what could not be run is no answer that is not exact. */
export const comparedText = ({
  verified,
  exact,
  not_verified,
}: Pick<VerificationReport, 'verified' | 'exact' | 'not_verified'>): string => {
  const compared = verified - not_verified;
  const text = `${compared} compared, ${compared - exact} of them not exact`;
  return not_verified === 0 ? text : `${text}, ${not_verified} not run`;
};

/** Whether a past answer would be given again, as far as it could be run. */
export const isReproduced = ({ decision_flip, mismatch }: Pick<VerificationReport, 'decision_flip' | 'mismatch'>) =>
  decision_flip + mismatch === 0;

/** Whether nothing could be compared although there was something to run: then nothing is known, which is no success. */
export const ranNothing = ({
  verified,
  not_verified,
  reasons: { imported = 0, not_replayable = 0 },
}: Pick<VerificationReport, 'verified' | 'not_verified' | 'reasons'>): boolean =>
  not_verified === verified && not_verified > imported + not_replayable;
