import {
  durationBucketsMs,
  type HistoryEntry,
  isEnded,
  type PredictionDoc,
  type PredictionState,
  type PredictionStatsDoc,
  type TerminalStatus,
} from '@hindcast/domain';

const hourMs = 3_600_000;

/** What is counted together: one statistics document. */
interface Place {
  readonly key: string;
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly hour: number;
  readonly partition: number;
}

/** Something that happened to a prediction and that is counted once. */
export interface Transition {
  readonly place: Place;
  readonly offset: number;
  readonly count: 'accepted' | 'labeled' | TerminalStatus;
  /** Submit to end, where the prediction ended. */
  readonly durationMs: number | undefined;
  readonly queuedMs: number;
  readonly inferenceMs: number;
}

type Requested = Exclude<PredictionState, { status: 'unknown' }>;

/**
 * The transitions with offsets from `from` to `to`, both included, by statistics key. They are read from the history of
 * the documents, not from the verdicts of this run: after a crash the documents already know the events that the
 * statistics have not seen yet.
 */
export const transitionsOf = (
  docs: Iterable<PredictionDoc>,
  from: number,
  to: number,
): ReadonlyMap<string, readonly Transition[]> => {
  const groups = new Map<string, Transition[]>();
  let place: Place | undefined;
  let group: Transition[] = [];
  for (const doc of docs) {
    const { state } = doc;
    // What was imported was no traffic of this system.
    if (state.status === 'unknown' || state.request.imported) continue;
    for (const entry of state.history) {
      if (entry.offset < from || entry.offset > to || entry.verdict !== 'accepted') continue;
      for (const count of countsOf(entry, state)) {
        // Neighbours mostly have one place, and its key costs more than the rest of a transition.
        if (!place || !isAt(place, doc, state, entry)) {
          place = placeOf(doc, state, entry);
          group = groups.get(place.key) ?? [];
          groups.set(place.key, group);
        }
        group.push(transitionOf(place, state, entry, count));
      }
    }
  }
  // In the order of the log, so that sums round alike whatever the batches were. It mostly is there already.
  for (const transitions of groups.values())
    if (!isOrdered(transitions)) transitions.sort((a, b) => a.offset - b.offset);
  return groups;
};

const isOrdered = (transitions: readonly Transition[]): boolean => {
  let last = -1;
  for (const { offset } of transitions) {
    if (offset < last) return false;
    last = offset;
  }
  return true;
};

const hourOf = (at: number): number => at - (at % hourMs);

const isAt = (place: Place, doc: PredictionDoc, { request }: Requested, { at }: HistoryEntry): boolean =>
  place.model === request.model &&
  place.version === request.version &&
  place.hour === hourOf(at) &&
  place.tenant === doc.tenant &&
  place.partition === doc.partition;

const placeOf = ({ tenant, partition }: PredictionDoc, { request }: Requested, { at }: HistoryEntry): Place => {
  const { model, version } = request;
  const hour = hourOf(at);
  return { key: `${tenant}/${model}@${version}|${hour}|p${partition}`, tenant, model, version, hour, partition };
};

const none: readonly Transition['count'][] = [];
const accepted = ['accepted'] as const;
const labeled = ['labeled'] as const;
const acceptedAndLabeled = ['accepted', 'labeled'] as const;
const ended = {
  succeeded: ['succeeded'],
  failed: ['failed'],
  canceled: ['canceled'],
  expired: ['expired'],
} as const satisfies Record<TerminalStatus, readonly Transition['count'][]>;

const countsOf = (entry: HistoryEntry, state: Requested): readonly Transition['count'][] => {
  switch (entry.type) {
    case 'PredictionRequested':
      return labeledBefore(state, entry.offset) ? acceptedAndLabeled : accepted;
    case 'PredictionLabeled':
      // A label that came before the request is counted with the request, which first tells the model.
      return entry.offset < state.request.offset || labeledBefore(state, entry.offset) ? none : labeled;
    case 'PredictionSucceeded':
    case 'PredictionFailed':
    case 'PredictionCanceled':
    case 'PredictionExpired':
      return isEnded(state) ? ended[state.status] : none;
    case 'PredictionAttemptStarted':
      return none;
    default:
      return entry.type satisfies never;
  }
};

const labeledBefore = ({ history }: Requested, offset: number): boolean =>
  history.some((entry) => entry.type === 'PredictionLabeled' && entry.verdict === 'accepted' && entry.offset < offset);

const transitionOf = (
  place: Place,
  state: Requested,
  { offset, at }: HistoryEntry,
  count: Transition['count'],
): Transition => {
  const durationMs = count === 'accepted' || count === 'labeled' ? undefined : at - state.request.at;
  if (count !== 'succeeded' || !isEnded(state)) {
    return { place, offset, count, durationMs, queuedMs: 0, inferenceMs: 0 };
  }
  return { place, offset, count, durationMs, queuedMs: state.queuedMs ?? 0, inferenceMs: state.inferenceMs ?? 0 };
};

/** Counts the transitions behind `base.pos`, and only them. */
export const countTransitions = (
  base: PredictionStatsDoc | undefined,
  key: string,
  transitions: readonly Transition[],
): PredictionStatsDoc => {
  const seen = base?.pos ?? -1;
  const [first] = transitions;
  if (!first) throw new Error(`There is nothing to count under ${key}.`);
  const { tenant, model, version, hour, partition } = first.place;
  const before = base ?? { key, tenant, model, version, hour, partition, ...zero };
  const next = { ...before, durations: [...before.durations] };
  for (const { count, offset, durationMs, queuedMs, inferenceMs } of transitions) {
    if (offset <= seen) continue;
    next[count] += 1;
    next.pos = offset;
    next.queuedMs += queuedMs;
    next.inferenceMs += inferenceMs;
    if (durationMs !== undefined) {
      const bucket = bucketOf(durationMs);
      next.durations[bucket] = (next.durations[bucket] ?? 0) + 1;
    }
  }
  return base && next.pos === base.pos ? base : next;
};

const zero = {
  pos: -1,
  accepted: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
  expired: 0,
  labeled: 0,
  queuedMs: 0,
  inferenceMs: 0,
  durations: Array.from({ length: durationBucketsMs.length + 1 }, () => 0) as readonly number[],
};

const bucketOf = (durationMs: number): number => {
  const bucket = durationBucketsMs.findIndex((bound) => durationMs <= bound);
  return bucket < 0 ? durationBucketsMs.length : bucket;
};
