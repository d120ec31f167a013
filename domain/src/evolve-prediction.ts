import type {
  DataRef,
  Failure,
  Imported,
  Label,
  PredictionEvent,
  PredictionEventOf,
  PredictionRequested,
  PredictionRole,
  Priority,
  Provenance,
} from './prediction-events.ts';
import { sameLabel } from './same-label.ts';

export const TERMINAL_STATUSES = ['succeeded', 'failed', 'canceled', 'expired'] as const;
export const STATUSES = ['queued', 'running', ...TERMINAL_STATUSES] as const;
export type TerminalStatus = (typeof TERMINAL_STATUSES)[number];
export type PredictionStatus = (typeof STATUSES)[number];

/** Why an event changed nothing, or that it did. */
export type Verdict =
  | 'accepted'
  | 'ignored:duplicate'
  | 'ignored:key_conflict'
  | 'ignored:late'
  | 'ignored:repeated'
  | 'ignored:orphan'
  | 'ignored:other_request';

/** One line of a prediction's history. Accepted transitions are always kept; ignored ones up to `ignoredMax`. */
export interface HistoryEntry {
  readonly type: PredictionEvent['type'];
  readonly eventId: string;
  readonly offset: number;
  /** Log time, ms since 1970. */
  readonly at: number;
  readonly verdict: Verdict;
}

/** A history stays readable and bounded however often a client or a fault repeats itself. */
export const ignoredMax = 16;
/** Newest labels that the state keeps; the log keeps all of them. The history keeps the first one too: it is a transition. */
export const labelsMax = 64;

export interface LabelEntry extends Label {
  readonly offset: number;
  /** Log time, ms since 1970. */
  readonly at: number;
  /** Counted from 1. Views of before it was kept lack it. */
  readonly revision?: number;
}

interface Seen {
  readonly history: readonly HistoryEntry[];
  /** Events that were ignored, also those beyond `ignoredMax`. */
  readonly ignored: number;
  readonly labels: readonly LabelEntry[];
}

/** No request has been seen yet; labels may come first. */
export interface UnknownPrediction extends Seen {
  readonly status: 'unknown';
}

interface Known extends Seen {
  readonly request: {
    readonly eventId: string;
    readonly requestHash: string;
    readonly model: string;
    readonly version: number;
    readonly sha256: string;
    readonly pool: string;
    readonly role: PredictionRole;
    readonly priority: Priority;
    readonly deadlineMs: number;
    readonly entity?: string | undefined;
    readonly referenceId?: string | undefined;
    readonly eventTime?: string | undefined;
    readonly batchId?: string | undefined;
    readonly batchIndex?: number | undefined;
    readonly batchHash?: string | undefined;
    readonly batchItems?: number | undefined;
    readonly imported?: Imported | undefined;
    readonly traceparent?: string | undefined;
    readonly offset: number;
    /** Log time, ms since 1970. */
    readonly at: number;
  };
  /** Attempts that the log knows of; a first attempt that ends within a second is not written. */
  readonly attempts: number;
}

export interface OpenPrediction extends Known {
  readonly status: 'queued' | 'running';
}

export interface EndedPrediction extends Known {
  readonly status: TerminalStatus;
  readonly endedAt: number;
  readonly output?: unknown;
  readonly outputRef?: DataRef | undefined;
  readonly error?: Failure | undefined;
  readonly queuedMs?: number | undefined;
  readonly inferenceMs?: number | undefined;
  readonly provenance?: Provenance | undefined;
}

export type PredictionState = UnknownPrediction | OpenPrediction | EndedPrediction;

export const unknownPrediction: UnknownPrediction = { status: 'unknown', history: [], ignored: 0, labels: [] };

export const isEnded = (state: PredictionState): state is EndedPrediction =>
  (TERMINAL_STATUSES as readonly string[]).includes(state.status);

/** Where and when the log stored an event. */
export interface Stored<E> {
  readonly event: E;
  readonly offset: number;
  readonly appendedAt: number;
}

export interface Evolved {
  readonly state: PredictionState;
  readonly verdict: Verdict;
}

/**
 * The only judge of a prediction. Events come in log order; whoever folds the same records gets the same state.
 * - The first request wins. A second one with the same hash is a duplicate, with another a key conflict.
 * - The first terminal event wins, and counts only if it answers the winning request (`causationid`): of two bodies that
 *   raced under one key both may run, and the loser's result must not answer.
 * - A repeated event id changes nothing, nor does a label that says what the newest one says.
 */
export const evolvePrediction = (state: PredictionState, stored: Stored<PredictionEvent>): Evolved => {
  const { event } = stored;
  if (state.history.some((entry) => entry.eventId === event.id)) return ignore(state, stored, 'ignored:repeated');
  switch (event.type) {
    case 'PredictionRequested':
      return request(state, stored, event);
    case 'PredictionLabeled': {
      const newest = state.labels.at(-1);
      if (newest && sameLabel(newest, event.data)) return ignore(state, stored, 'ignored:duplicate');
      const revision = (newest?.revision ?? state.labels.length) + 1;
      const label: LabelEntry = { ...event.data, offset: stored.offset, at: stored.appendedAt, revision };
      const labels = [...state.labels, label].slice(-labelsMax);
      return accept(stored, { ...state, labels, history: roomForLabel(state.history) });
    }
    case 'PredictionAttemptStarted':
    case 'PredictionSucceeded':
    case 'PredictionFailed':
    case 'PredictionCanceled':
    case 'PredictionExpired':
      return answer(state, stored, event);
    default:
      return event satisfies never;
  }
};

const request = (state: PredictionState, stored: Stored<PredictionEvent>, event: PredictionRequested): Evolved => {
  const { data } = event;
  if (state.status !== 'unknown') {
    const same = state.request.requestHash === data.requestHash;
    return ignore(state, stored, same ? 'ignored:duplicate' : 'ignored:key_conflict');
  }
  return accept(stored, {
    status: 'queued',
    history: state.history,
    ignored: state.ignored,
    labels: state.labels,
    attempts: 0,
    request: {
      eventId: event.id,
      requestHash: data.requestHash,
      model: data.model,
      version: data.version,
      sha256: data.sha256,
      pool: data.pool,
      role: data.role,
      priority: data.priority,
      deadlineMs: data.deadlineMs,
      entity: data.entity,
      referenceId: data.referenceId,
      eventTime: data.eventTime,
      batchId: data.batchId,
      batchIndex: data.batchIndex,
      batchHash: data.batchHash,
      batchItems: data.batchItems,
      imported: data.imported,
      traceparent: event.traceparent,
      offset: stored.offset,
      at: stored.appendedAt,
    },
  });
};

type Answer = Exclude<PredictionEvent, { type: 'PredictionRequested' | 'PredictionLabeled' }>;

const answer = (state: PredictionState, stored: Stored<PredictionEvent>, event: Answer): Evolved => {
  if (state.status === 'unknown') return ignore(state, stored, 'ignored:orphan');
  if (event.causationid !== state.request.eventId) return ignore(state, stored, 'ignored:other_request');
  if (isEnded(state)) return ignore(state, stored, 'ignored:late');
  switch (event.type) {
    case 'PredictionAttemptStarted': {
      const attempts = Math.max(state.attempts, event.data.attempt);
      return accept(stored, { ...state, status: 'running', attempts });
    }
    case 'PredictionSucceeded': {
      const { output, outputRef, provenance, queuedMs, inferenceMs } = event.data;
      const result = { output, outputRef, provenance, queuedMs, inferenceMs };
      // The first attempt is seldom told; what was imported had none.
      const attempts = state.request.imported ? state.attempts : Math.max(1, state.attempts);
      return end(state, stored, 'succeeded', result, attempts);
    }
    case 'PredictionFailed':
      return end(state, stored, 'failed', event.data);
    case 'PredictionCanceled':
      return end(state, stored, 'canceled');
    case 'PredictionExpired':
      return end(state, stored, 'expired', { error: expired(event.data) });
    default:
      return event satisfies never;
  }
};

type Result = Partial<
  Pick<EndedPrediction, 'output' | 'outputRef' | 'error' | 'queuedMs' | 'inferenceMs' | 'provenance'>
>;

const end = (
  state: OpenPrediction,
  stored: Stored<PredictionEvent>,
  status: TerminalStatus,
  result: Result = {},
  attempts = state.attempts,
): Evolved =>
  accept(stored, {
    status,
    history: state.history,
    ignored: state.ignored,
    labels: state.labels,
    attempts,
    request: state.request,
    endedAt: stored.appendedAt,
    output: result.output,
    outputRef: result.outputRef,
    error: result.error,
    queuedMs: result.queuedMs,
    inferenceMs: result.inferenceMs,
    provenance: result.provenance,
  });

const expired = ({ deadlineMs, reason }: PredictionEventOf<'PredictionExpired'>['data']): Failure => ({
  code: 'deadline_exceeded',
  detail: `The prediction had not ended ${deadlineMs} ms after it was accepted.${reason ? ` ${reason}` : ''}`,
});

const entry = ({ event, offset, appendedAt }: Stored<PredictionEvent>, verdict: Verdict): HistoryEntry => ({
  type: event.type,
  eventId: event.id,
  offset,
  at: appendedAt,
  verdict,
});

/** `state` was made for this event alone: it gets its line of the history in place, sparing the hot path a copy. */
const accept = (stored: Stored<PredictionEvent>, state: Writable<PredictionState>): Evolved => {
  state.history = [...state.history, entry(stored, 'accepted')];
  return { state, verdict: 'accepted' };
};

type Writable<State> = State extends Seen ? Omit<State, 'history'> & { history: readonly HistoryEntry[] } : never;

const roomForLabel = (history: readonly HistoryEntry[]): readonly HistoryEntry[] => {
  if (history.length < labelsMax) return history;
  const [, ...later] = history.filter(isLabel);
  return later.length < labelsMax - 1 ? history : history.filter((entry) => entry !== later[0]);
};

const isLabel = (entry: HistoryEntry): boolean => entry.type === 'PredictionLabeled' && entry.verdict === 'accepted';

const ignore = (state: PredictionState, stored: Stored<PredictionEvent>, verdict: Verdict): Evolved => {
  const history = state.ignored < ignoredMax ? [...state.history, entry(stored, verdict)] : state.history;
  return { state: { ...state, history, ignored: state.ignored + 1 }, verdict };
};
