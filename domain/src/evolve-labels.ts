import type { Stored } from './evolve-prediction.ts';
import type { LabelEvent, LabelReport } from './label-events.ts';
import { sameLabel } from './same-label.ts';

/**
 * Labels of one address that may wait at once. One more takes the place of the oldest that it corrects; where it corrects
 * none it does not wait, and only the log has it.
 */
export const waitingLabelsMax = 64;
/** Matches that an address remembers, so that a repeated report or match changes nothing. */
export const matchedLabelsMax = 64;
/** Reports whose ids an address knows though it has dropped them: those of a part of an upload that is sent again. */
export const droppedLabelsMax = 1_024;

export interface WaitingLabel {
  readonly eventId: string;
  readonly report: LabelReport;
  readonly offset: number;
  /** Log time, ms since 1970. */
  readonly at: number;
}

/** A waiting label that found its prediction at `matchedAt`, an offset. */
export interface MatchedLabel extends WaitingLabel {
  readonly predictionId: string;
  readonly matchedAt: number;
}

/** What waits under one referenceId or entity, in the order in which it was said. */
export interface LabelsState {
  readonly waiting: readonly WaitingLabel[];
  /** The newest ones. */
  readonly matched: readonly MatchedLabel[];
  /** Ids of the newest reports that gave way to corrections or to later matches: said again, they would be the newest. */
  readonly dropped?: readonly string[];
}

export type LabelVerdict =
  | 'accepted'
  | 'ignored:repeated'
  | 'ignored:duplicate'
  | 'ignored:full'
  | 'ignored:not_waiting';

export const noLabels: LabelsState = { waiting: [], matched: [] };

/**
 * The only judge of what waits under an address. A report waits for the first match in the log, and for no other one: of
 * two projectors that find a prediction for it at once, one wins.
 */
export const evolveLabels = (
  state: LabelsState,
  { event, offset, appendedAt }: Stored<LabelEvent>,
): { readonly state: LabelsState; readonly verdict: LabelVerdict } => {
  const ignore = (verdict: LabelVerdict) => ({ state, verdict });
  switch (event.type) {
    case 'LabelReported': {
      const { id: eventId, data: report } = event;
      const isHeld = [...state.waiting, ...state.matched].some((known) => known.eventId === eventId);
      if (isHeld || state.dropped?.includes(eventId)) return ignore('ignored:repeated');
      const newest = state.waiting.at(-1);
      if (newest && sameReport(newest.report, report)) return ignore('ignored:duplicate');
      const others = withRoom(state.waiting, report);
      if (!others) return ignore('ignored:full');
      const waiting = [...others, { eventId, report, offset, at: appendedAt }];
      return { state: dropping({ ...state, waiting }, state), verdict: 'accepted' };
    }
    case 'LabelMatched': {
      const found = state.waiting.find(({ eventId }) => eventId === event.data.report);
      if (!found) return ignore('ignored:not_waiting');
      const match = { ...found, predictionId: event.data.predictionId, matchedAt: offset };
      return {
        state: dropping(
          {
            ...state,
            waiting: state.waiting.filter((label) => label !== found),
            matched: [...state.matched, match].slice(-matchedLabelsMax),
          },
          state,
        ),
        verdict: 'accepted',
      };
    }
    default:
      return event satisfies never;
  }
};

/** The state after, which remembers what it no longer holds of the one before. */
const dropping = (after: LabelsState, before: LabelsState): LabelsState => {
  const held = new Set([...after.waiting, ...after.matched].map(({ eventId }) => eventId));
  const gone = [...before.waiting, ...before.matched].map(({ eventId }) => eventId).filter((id) => !held.has(id));
  return gone.length === 0
    ? after
    : { ...after, dropped: [...(before.dropped ?? []), ...gone].slice(-droppedLabelsMax) };
};

/** Which of the predictions of an address a label is about. */
type LabelTarget = Pick<LabelReport, 'from' | 'to' | 'model'>;

const sameTarget = (a: LabelTarget, b: LabelTarget): boolean =>
  a.from === b.from && a.to === b.to && a.model === b.model;
const sameReport = (a: LabelReport, b: LabelReport): boolean => sameLabel(a, b) && sameTarget(a, b);

/** Those behind which a report waits; undefined where there is no room for it. */
const withRoom = (waiting: readonly WaitingLabel[], report: LabelReport): readonly WaitingLabel[] | undefined => {
  if (waiting.length < waitingLabelsMax) return waiting;
  const corrected = waiting.find((label) => sameTarget(label.report, report));
  return corrected && waiting.filter((label) => label !== corrected);
};

/** Whether a label would wait behind those that wait at its address. */
export const canWait = (waiting: readonly LabelTarget[], label: LabelTarget): boolean =>
  waiting.length < waitingLabelsMax || waiting.some((one) => sameTarget(one, label));

/** What of a request decides whether a label is about it. */
export interface LabeledRequest {
  readonly model: string;
  readonly referenceId?: string | undefined;
  readonly entity?: string | undefined;
  readonly eventTime?: string | undefined;
  readonly at: number;
}

/** Whether a report is about this request. A window is over the event time, and over the log's where there is none. */
export const isAbout = (report: LabelReport, request: LabeledRequest): boolean => {
  const named =
    report.referenceId === undefined ? report.entity === request.entity : report.referenceId === request.referenceId;
  if (!named || (report.model !== undefined && report.model !== request.model)) return false;
  const at = request.eventTime === undefined ? request.at : Date.parse(request.eventTime);
  return (
    (report.from === undefined || at >= Date.parse(report.from)) &&
    (report.to === undefined || at < Date.parse(report.to))
  );
};

/** The id of the PredictionLabeled that a report becomes for one prediction, however often and by whomever it is made. */
export const labelIdText = (reportId: string, predictionId: string): string => `label\n${reportId}\n${predictionId}`;
export const matchIdText = (reportId: string, predictionId: string): string => `match\n${reportId}\n${predictionId}`;
