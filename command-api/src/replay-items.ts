import { isKnown, type KnownPredictionDoc, Problem } from '@hindcast/adapters/http';
import { keyOf, type PredictionDoc, type PredictionQuery } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { knownPrediction } from './known-prediction.ts';
import type { Accepted } from './prediction-receipt.ts';
import type { BatchPlace } from './prepare-prediction.ts';
import { keyReused, sameRequest } from './same-request.ts';

/** The items of one request, in its order. */
export interface Batch {
  readonly id: string;
  readonly ids: readonly string[];
  readonly hashes: readonly string[];
  readonly keyed: BatchPlace['keyed'];
}

/** undefined for an item that is not in the log, or not yet in the view. */
export type ItemReplay = Accepted | undefined;

/** Documents that are held at once: each may have a result in it. */
const pageMax = 100;
const lookupsAtOnce = 32;

/**
 * What an earlier request under this key has accepted, by item; empty where there was none. With `claimed` it is certain
 * that there was one, and the view is given the time to show it.
 * @throws Problem `idempotency-key-reused` where the key belongs to another batch, or to a single prediction
 */
export const replayItems = async (
  context: CommandContext,
  batch: Batch,
  claimed: boolean,
): Promise<readonly ItemReplay[]> => {
  const { ids, hashes, keyed } = batch;
  const single = await context.reading.peek(keyOf(context.tenant, batch.id));
  if (single && isKnown(single)) throw keyReused();
  const found = new Map<string, ItemReplay>();
  for await (const doc of itemsInView(context, batch.id)) {
    const { batchIndex = -1, batchHash } = doc.state.request;
    // Logs of before the hash was kept tell the items that they have apart, and no more.
    if ((batchHash ?? keyed?.hash) !== keyed?.hash || ids[batchIndex] !== doc.id) throw keyReused();
    found.set(doc.id, sameRequest(doc, hashes[batchIndex] as string));
  }
  if (!claimed) return found.size === 0 ? [] : ids.map((id) => found.get(id));
  for (let at = 0; at < ids.length; at += lookupsAtOnce) {
    const missing = ids.slice(at, at + lookupsAtOnce).filter((id) => !found.has(id));
    const docs = await Promise.all(missing.map((id) => orUndefined(knownPrediction(context, id))));
    for (const [place, id] of missing.entries()) {
      found.set(id, sameRequest(docs[place], hashes[ids.indexOf(id, at)] as string));
    }
  }
  return ids.map((id) => found.get(id));
};

/** Every item of the batch that the view has, page by page. */
async function* itemsInView({ ports, tenant }: CommandContext, batchId: string): AsyncGenerator<KnownPredictionDoc> {
  let before: PredictionQuery['before'];
  for (;;) {
    const query = { tenant, batchId, limit: pageMax, ...(before === undefined ? undefined : { before }) };
    const page = (await ports.views.predictions(query)).filter(isKnown);
    yield* page;
    const last = page.at(-1);
    if (!last || page.length < pageMax) return;
    before = { at: last.state.request.at, id: last.id };
  }
}

/** An item that was refused the first time is not in the log at all. */
const orUndefined = async (looking: Promise<PredictionDoc | undefined>): Promise<PredictionDoc | undefined> => {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Problem && error.code === 'unknown-prediction') return undefined;
    throw error;
  }
};
