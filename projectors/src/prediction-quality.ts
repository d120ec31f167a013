import {
  addTo,
  contribute,
  isEnded,
  type LabelEntry,
  maturityBucketOf,
  maturityBuckets,
  type PredictionDoc,
  type PredictionQualityDoc,
  type PredictionState,
  type SumsInTheMaking,
} from '@hindcast/domain';

const hourMs = 3_600_000;

interface Place {
  readonly key: string;
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly hour: number;
  readonly partition: number;
}

/** One event of a prediction that changes the sums of its place. */
export interface QualityStep {
  readonly place: Place;
  readonly offset: number;
  readonly bucket: number;
  readonly state: Requested;
}

type Requested = Exclude<PredictionState, { status: 'unknown' }>;

/**
 * The steps with offsets from `from` to `to`, both included, by the key of their document and in the order of the log.
 * Like the statistics they are read from the documents, which may be ahead: what held before and after an offset stands
 * in them, so that each step takes away what was counted before it and adds what counts from then on.
 */
export const qualityStepsOf = (
  docs: Iterable<PredictionDoc>,
  from: number,
  to: number,
): ReadonlyMap<string, readonly QualityStep[]> => {
  const groups = new Map<string, QualityStep[]>();
  let place: Place | undefined;
  for (const doc of docs) {
    if (doc.state.status === 'unknown') continue;
    for (const moment of momentsOf(doc.state)) {
      if (moment.offset < from || moment.offset > to) continue;
      place = placeOf(doc, doc.state, place);
      const group = groups.get(place.key);
      const bucket = maturityBucketOf(moment.at - doc.state.request.at);
      const step = { place, offset: moment.offset, bucket, state: doc.state };
      if (group) group.push(step);
      else groups.set(place.key, [step]);
    }
  }
  for (const steps of groups.values()) steps.sort((a, b) => a.offset - b.offset);
  return groups;
};

interface Moment {
  readonly offset: number;
  readonly at: number;
}

/** When something changed that counts: the request, the success, and labels since; the success has those before it. */
const momentsOf = (state: Requested): readonly Moment[] => {
  const success = successOf(state);
  if (!success) return [state.request];
  return [state.request, success, ...state.labels.filter(({ offset }) => offset > success.offset)];
};

const successOf = (state: Requested): Moment | undefined =>
  state.status === 'succeeded'
    ? state.history.find(({ type, verdict }) => type === 'PredictionSucceeded' && verdict === 'accepted')
    : undefined;

/** Takes away what the prediction counted for before the event at this offset, and adds what it counts for since. */
const changeAt = (state: Requested, offset: number, into: SumsInTheMaking): void => {
  const add = (name: string, amount: number): void => addTo(into, name, amount);
  if (offset === state.request.offset) add('accepted', 1);
  const success = successOf(state);
  if (!success || success.offset > offset) return;
  const output = isEnded(state) ? state.output : undefined;
  if (success.offset === offset) add('succeeded', 1);
  else contribute(output, labelAt(state.labels, offset - 1), (name, amount) => addTo(into, name, -amount));
  contribute(output, labelAt(state.labels, offset), add);
};

const labelAt = (labels: readonly LabelEntry[], offset: number): LabelEntry | undefined =>
  labels.findLast((label) => label.offset <= offset);

const placeOf = (
  { tenant, partition }: PredictionDoc,
  { request: { model, version, at } }: Requested,
  last: Place | undefined,
): Place => {
  const hour = at - (at % hourMs);
  const isLast =
    last?.model === model &&
    last.version === version &&
    last.hour === hour &&
    last.tenant === tenant &&
    last.partition === partition;
  if (isLast) return last;
  return { key: `${tenant}/${model}@${version}|${hour}|p${partition}`, tenant, model, version, hour, partition };
};

/** Adds the steps behind `base.pos`, and only them. */
export const addQualitySteps = (
  base: PredictionQualityDoc | undefined,
  key: string,
  steps: readonly QualityStep[],
): PredictionQualityDoc => {
  const [first] = steps;
  if (!first) throw new Error(`There is nothing to add under ${key}.`);
  const seen = base?.pos ?? -1;
  let pos = seen;
  const buckets: SumsInTheMaking[] = Array.from({ length: maturityBuckets }, (_, at) => ({ ...base?.buckets[at] }));
  for (const { offset, bucket, state } of steps) {
    if (offset <= seen) continue;
    pos = offset;
    changeAt(state, offset, buckets[bucket] as SumsInTheMaking);
  }
  if (base && pos === seen) return base;
  return { ...(base ?? first.place), key, pos, buckets };
};
