import type { KnownPredictionDoc } from '@hindcast/adapters/http';
import { type EndedPrediction, type HistoryEntry, isEnded } from '@hindcast/domain';

const ends: ReadonlySet<HistoryEntry['type']> = new Set<HistoryEntry['type']>([
  'PredictionSucceeded',
  'PredictionFailed',
  'PredictionCanceled',
  'PredictionExpired',
]);

/**
 * An ended prediction as it was in the moment of its end, which is the same whoever reads it whenever: labels, late
 * results and repeats that came since are not part of it. Only this may be cached for ever. undefined while it is open.
 */
export const endedResult = (
  doc: KnownPredictionDoc,
): (KnownPredictionDoc & { readonly state: EndedPrediction }) | undefined => {
  const { state } = doc;
  if (!isEnded(state)) return undefined;
  const end = state.history.find(({ type, verdict }) => verdict === 'accepted' && ends.has(type));
  return { ...doc, pos: end?.offset ?? doc.pos, state: { ...state, labels: [] } };
};
