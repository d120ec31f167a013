import { type EndedPrediction, type HistoryEntry, isEnded } from '@hindcast/domain';
import type { FastifyReply } from 'fastify';
import { etagOf, type KnownPredictionDoc, positionOf } from './prediction-body.ts';

const ends: ReadonlySet<string> = new Set<HistoryEntry['type']>([
  'PredictionSucceeded',
  'PredictionFailed',
  'PredictionCanceled',
  'PredictionExpired',
]);

/** Whether events of this type end a prediction, where they are accepted. */
export const isPredictionEnd = (type: string): boolean => ends.has(type);

/**
 * An ended prediction as it was in the moment of its end, which is the same whoever reads it whenever: labels, late
 * results and repeats that came since are not part of it. Only this may be cached for ever. undefined while it is open.
 */
export const endedResult = (
  doc: KnownPredictionDoc,
): (KnownPredictionDoc & { readonly state: EndedPrediction }) | undefined => {
  const { state } = doc;
  if (!isEnded(state)) return undefined;
  const end = state.history.find(({ type, verdict }) => verdict === 'accepted' && isPredictionEnd(type));
  return { ...doc, pos: end?.offset ?? doc.pos, state: { ...state, labels: [] } };
};

/** A prediction as every answer shows it: an ended one as of its end, unless its labels are asked for. */
export const shownPrediction = (doc: KnownPredictionDoc, withLabels = false): KnownPredictionDoc =>
  (withLabels ? undefined : endedResult(doc)) ?? doc;

/** Gives an answer the headers that say which state of the prediction it shows. The position may be past that state. */
export const tagPrediction = (reply: FastifyReply, doc: KnownPredictionDoc, shown: KnownPredictionDoc): FastifyReply =>
  reply.header('etag', etagOf(shown)).header('hindcast-position', positionOf(doc));
