import {
  addTo,
  contribute,
  decode,
  durationBucketsMs,
  evolvePrediction,
  isEnded,
  type Label,
  maturityBucketOf,
  maturityBuckets,
  type PredictionEvent,
  type PredictionState,
  type RecordedRecord,
  type SumsInTheMaking,
  unknownPrediction,
} from '@hindcast/domain';

export interface SerialTruth {
  readonly states: ReadonlyMap<string, PredictionState>;
  /** Counts and sums by statistics key, without position. */
  readonly stats: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** Sums by maturity, by quality key. */
  readonly quality: ReadonlyMap<string, readonly SumsInTheMaking[]>;
}

const hourMs = 3_600_000;

/**
 * What the views must say, counted in the plainest way: one event after the other, by the verdicts, with no documents,
 * batches or positions. Shares nothing with the projector but `evolvePrediction`.
 */
export const serialFold = (records: readonly RecordedRecord[]): SerialTruth => {
  const states = new Map<string, PredictionState>();
  const labeled = new Set<string>();
  const newest = new Map<string, Label>();
  const counted = new Map<string, SumsInTheMaking>();
  const quality = new Map<string, SumsInTheMaking[]>();
  const stats = new Map<string, ReturnType<typeof emptyCounts>>();

  for (const record of records) {
    const decoded = decode(record);
    if (!decoded.ok) continue;
    const event = decoded.event as PredictionEvent;
    const { offset, appendedAt } = record;
    const evolved = evolvePrediction(states.get(record.key) ?? unknownPrediction, { event, offset, appendedAt });
    const { state } = evolved;
    const hadLabel = labeled.has(record.key);
    states.set(record.key, state);
    if (evolved.verdict !== 'accepted') continue;
    if (event.type === 'PredictionLabeled') {
      labeled.add(record.key);
      newest.set(record.key, event.data);
    }
    if (state.status === 'unknown') continue;
    const { model, version, at } = state.request;
    const worth = worthOf(state, newest.get(record.key));
    const placed = `${event.tenant}/${model}@${version}|${at - (at % hourMs)}|p${record.partition}`;
    const buckets = quality.get(placed) ?? Array.from({ length: maturityBuckets }, () => ({}));
    const changed = buckets[maturityBucketOf(appendedAt - at)] ?? {};
    for (const [name, sum] of Object.entries(counted.get(record.key) ?? {})) addTo(changed, name, -Number(sum));
    for (const [name, sum] of Object.entries(worth)) addTo(changed, name, sum);
    quality.set(placed, buckets);
    counted.set(record.key, worth);
    if (state.request.imported) continue;
    const key = `${event.tenant}/${model}@${version}|${appendedAt - (appendedAt % hourMs)}|p${record.partition}`;
    const touch = () => {
      const counts = stats.get(key) ?? emptyCounts();
      stats.set(key, counts);
      return counts;
    };
    if (event.type === 'PredictionRequested') {
      touch().accepted += 1;
      if (hadLabel) touch().labeled += 1;
    } else if (event.type === 'PredictionLabeled') {
      if (!hadLabel) touch().labeled += 1;
    } else if (isEnded(state)) {
      const counts = touch();
      counts[state.status] += 1;
      if (event.type === 'PredictionSucceeded') {
        counts.queuedMs += event.data.queuedMs ?? 0;
        counts.inferenceMs += event.data.inferenceMs ?? 0;
      }
      const bucket = durationBucketsMs.findIndex((bound) => appendedAt - at <= bound);
      const index = bucket < 0 ? durationBucketsMs.length : bucket;
      counts.durations[index] = (counts.durations[index] ?? 0) + 1;
    }
  }
  return { states, stats, quality };
};

/** What one prediction counts for, as it stands. */
const worthOf = (state: PredictionState, label: Label | undefined): SumsInTheMaking => {
  const worth: SumsInTheMaking = { accepted: 1 };
  if (state.status !== 'succeeded') return worth;
  worth['succeeded'] = 1;
  contribute(state.output, label, (name, amount) => addTo(worth, name, amount));
  return worth;
};

const emptyCounts = () => ({
  accepted: 0,
  succeeded: 0,
  failed: 0,
  canceled: 0,
  expired: 0,
  labeled: 0,
  queuedMs: 0,
  inferenceMs: 0,
  durations: Array.from({ length: durationBucketsMs.length + 1 }, () => 0),
});
