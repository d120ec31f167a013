import { isKnown, type KnownPredictionDoc } from '@hindcast/adapters/http';
import { encode, isEnded, keyOf, makeEvent, type PredictionDoc, type PredictionEvent, TOPICS } from '@hindcast/domain';
import { type CommandContext, eventSource } from './command-ports.ts';
import { knownPrediction } from './known-prediction.ts';
import type { Watches } from './watch-predictions.ts';

export type Cancellation =
  /** `doc` says which final state the prediction has, whoever brought it about. */
  | { readonly ended: true; readonly doc: KnownPredictionDoc }
  /** The cancel is in the log; what it did is not known yet. */
  | { readonly ended: false; readonly offset: number };

/**
 * Appends a cancel and answers what the fold made of it: the state after the cancel's own position, so that a result
 * which came first is never called canceled.
 * @throws Problem `unknown-prediction`
 */
export const cancelPrediction = async (
  context: CommandContext,
  watches: Watches,
  id: string,
  reason: string | undefined,
): Promise<Cancellation> => {
  const { ports, limits, tenant } = context;
  const doc = await knownPrediction(context, id);
  if (isEnded(doc.state)) return { ended: true, doc };
  const event = makeEvent<PredictionEvent>({
    id: ports.identity.newId(),
    source: eventSource,
    type: 'PredictionCanceled',
    at: ports.identity.now(),
    tenant,
    subject: id,
    causationId: doc.state.request.eventId,
    traceparent: doc.state.request.traceparent,
    data: reason === undefined ? {} : { reason },
  });
  let offset = Number.POSITIVE_INFINITY;
  const passed = (seen: PredictionDoc): boolean => seen.pos >= offset && isKnown(seen) && isEnded(seen.state);
  const watch = watches.watch(id, passed, limits.outcomeWaitMs);
  try {
    const [outcome] = await ports.log.append(TOPICS.predictions, [encode(event)]);
    if (!outcome?.ok) throw outcome?.error ?? new Error('The log answered no outcome.');
    offset = outcome.position.offset;
    // The notice may have come while the offset was not known yet.
    const now = await ports.views.prediction(keyOf(tenant, id));
    const seen = now && passed(now) ? now : await watch?.seen;
    return seen && isKnown(seen) ? { ended: true, doc: seen } : { ended: false, offset };
  } finally {
    watch?.stop();
  }
};
