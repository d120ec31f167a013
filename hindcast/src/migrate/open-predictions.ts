import {
  type DomainEvent,
  decode,
  evolvePrediction,
  isEnded,
  type OpenPrediction,
  type PredictionEvent,
  type RecordedRecord,
  unknownPrediction,
} from '@hindcast/domain';

export interface OpenCount {
  /** Accepted and not ended. */
  readonly open: number;
  /** Those among them whose deadline has passed already: they will expire. */
  readonly overdue: number;
}

export interface OpenPredictions {
  add(record: RecordedRecord): void;
  count(now: number): OpenCount;
}

const isPredictionEvent = (event: DomainEvent): event is PredictionEvent => event.type.startsWith('Prediction');

/** Counts what is open at the end of the predictions of a log. What has ended is forgotten, so that memory stays small. */
export const createOpenPredictions = (): OpenPredictions => {
  const states = new Map<string, OpenPrediction>();
  return {
    add: (record) => {
      const { key, offset, appendedAt } = record;
      const before = states.get(key);
      if (!before && record.headers['type'] !== 'PredictionRequested') return;
      const decoded = decode(record);
      if (!decoded.ok || !isPredictionEvent(decoded.event)) return;
      const { state } = evolvePrediction(before ?? unknownPrediction, { event: decoded.event, offset, appendedAt });
      if (isEnded(state)) states.delete(key);
      else if (state.status !== 'unknown') states.set(key, state);
    },
    count: (now) => {
      const overdue = [...states.values()].filter(({ request }) => request.at + request.deadlineMs <= now);
      return { open: states.size, overdue: overdue.length };
    },
  };
};
