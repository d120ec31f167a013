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

/** Something that happened to a prediction and that is counted once. */
export interface Transition {
  readonly offset: number;
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly hour: number;
  readonly partition: number;
  readonly count: 'accepted' | 'labeled' | TerminalStatus;
  /** Submit to end, where the prediction ended. */
  readonly durationMs?: number;
  readonly queuedMs?: number;
  readonly inferenceMs?: number;
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
  for (const doc of docs) {
    const { state } = doc;
    if (state.status === 'unknown') continue;
    for (const entry of state.history) {
      if (entry.offset < from || entry.offset > to || entry.verdict !== 'accepted') continue;
      for (const count of countsOf(entry, state)) {
        const transition = transitionOf(doc, state, entry, count);
        const key = statsKey(transition);
        const group = groups.get(key);
        if (group) group.push(transition);
        else groups.set(key, [transition]);
      }
    }
  }
  for (const group of groups.values()) group.sort((a, b) => a.offset - b.offset);
  return groups;
};

const statsKey = ({ tenant, model, version, hour, partition }: Transition): string =>
  `${tenant}/${model}@${version}|${hour}|p${partition}`;

const none: readonly Transition['count'][] = [];
const accepted = ['accepted'] as const;
const labeled = ['labeled'] as const;
const acceptedAndLabeled = ['accepted', 'labeled'] as const;

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
      return isEnded(state) ? [state.status] : none;
    case 'PredictionAttemptStarted':
      return none;
    default:
      return entry.type satisfies never;
  }
};

const labeledBefore = ({ history }: Requested, offset: number): boolean =>
  history.some((entry) => entry.type === 'PredictionLabeled' && entry.verdict === 'accepted' && entry.offset < offset);

const transitionOf = (
  { tenant, partition }: PredictionDoc,
  state: Requested,
  { offset, at }: HistoryEntry,
  count: Transition['count'],
): Transition => {
  const { model, version, at: requestedAt } = state.request;
  const transition = { offset, tenant, model, version, hour: at - (at % hourMs), partition, count };
  if (count === 'accepted' || count === 'labeled' || !isEnded(state)) return transition;
  const durationMs = at - requestedAt;
  if (count !== 'succeeded') return { ...transition, durationMs };
  return { ...transition, durationMs, queuedMs: state.queuedMs ?? 0, inferenceMs: state.inferenceMs ?? 0 };
};

/** Counts the transitions behind `base.pos`, and only them. */
export const countTransitions = (
  base: PredictionStatsDoc | undefined,
  key: string,
  transitions: readonly Transition[],
): PredictionStatsDoc => {
  const unseen = base ? transitions.filter(({ offset }) => offset > base.pos) : transitions;
  const [first] = unseen;
  if (!first) {
    if (base) return base;
    throw new Error(`There is nothing to count under ${key}.`);
  }
  const { tenant, model, version, hour, partition } = first;
  const before = base ?? { key, tenant, model, version, hour, partition, ...zero };
  const next = { ...before, durations: [...before.durations] };
  for (const { count, offset, durationMs, queuedMs, inferenceMs } of unseen) {
    next[count] += 1;
    next.pos = offset;
    next.queuedMs += queuedMs ?? 0;
    next.inferenceMs += inferenceMs ?? 0;
    if (durationMs !== undefined) {
      const bucket = bucketOf(durationMs);
      next.durations[bucket] = (next.durations[bucket] ?? 0) + 1;
    }
  }
  return next;
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
