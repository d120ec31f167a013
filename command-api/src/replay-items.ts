import { isKnown, type KnownPredictionDoc, Problem } from '@hindcast/adapters/http';
import { keyOf } from '@hindcast/domain';
import { itemsInView } from './batch-items.ts';
import type { CommandContext } from './command-ports.ts';
import type { IdsUnderKey } from './ids-under-key.ts';
import { knownPrediction } from './known-prediction.ts';
import type { Accepted } from './prediction-receipt.ts';
import type { BatchPlace } from './prepare-prediction.ts';
import { keyReused, sameRequest } from './same-request.ts';

/** The items of one request, in its order. */
export interface Batch {
  readonly id: string;
  /** Of each item, where it does not lead the batch. */
  readonly ids: readonly string[];
  readonly hashes: readonly string[];
  readonly keyed: BatchPlace['keyed'];
}

export interface KeyedBatch extends Batch {
  readonly keyed: NonNullable<BatchPlace['keyed']>;
  readonly under: IdsUnderKey;
}

/** undefined for an item that is not in the log, or not yet in the view. */
export type ItemReplay = Accepted | undefined;

const lookupsAtOnce = 32;

/**
 * What an earlier request under this key has accepted, by item; empty where there was none. With `claimed` it is certain
 * that there was one, and the view is given the time to show it. What a batch that lost has left behind is passed over.
 * @throws Problem `idempotency-key-reused` where the key belongs to another batch, or to a single prediction
 */
export const replayItems = async (
  context: CommandContext,
  batch: KeyedBatch,
  claimed: boolean,
): Promise<readonly ItemReplay[]> => {
  const { ids, hashes, under } = batch;
  const found = new Map<number, Accepted>();
  let isAccepted = false;
  const note = (doc: KnownPredictionDoc): void => {
    const { batchIndex = -1 } = doc.state.request;
    if (!isOfBatch(batch, doc)) throw keyReused();
    const same = sameRequest(doc, hashes[batchIndex] as string);
    const isLead = doc.id === batch.id;
    // Two doors may have taken another item for the lead, and written that one as a follower too.
    if (same && (isLead || found.get(batchIndex)?.receipt.id !== batch.id)) found.set(batchIndex, same);
    if (isLead || doc.id === under.earlierItem(batchIndex)) isAccepted = true;
  };
  const key = keyOf(context.tenant, batch.id);
  const lead = claimed ? await orUndefined(knownPrediction(context, batch.id)) : await context.reading.peek(key);
  const hasLead = lead !== undefined && isKnown(lead);
  if (hasLead) note(lead);
  // A batch of before there were leads is in other partitions of the view.
  else if (claimed) await context.viewPasses();
  for await (const doc of itemsInView(context, batch.id)) {
    if (isDecisive(batch, doc) && !(hasLead && !isOfBatch(batch, doc))) note(doc);
  }
  // Items without a lead were never accepted: one of them leads when they come again.
  if (!isAccepted) return [];
  if (!claimed) return ids.map((_, index) => found.get(index));
  for (let at = 0; at < ids.length; at += lookupsAtOnce) {
    const some = ids.slice(at, at + lookupsAtOnce).filter((_, place) => !found.has(at + place));
    const docs = await Promise.all(some.map((id) => orUndefined(knownPrediction(context, id))));
    for (const doc of docs) if (doc) note(doc);
  }
  return ids.map((_, index) => found.get(index));
};

/** Whether it has the place in this batch that its request says. Logs of before the hash was kept tell only its items apart. */
const isOfBatch = ({ id, ids, keyed, under }: KeyedBatch, doc: KnownPredictionDoc): boolean => {
  const { batchId, batchIndex = -1, batchHash } = doc.state.request;
  if (doc.id === id) return batchId === id && batchHash === keyed.hash;
  return (
    doc.id === ids[batchIndex] || (doc.id === under.earlierItem(batchIndex) && (batchHash ?? keyed.hash) === keyed.hash)
  );
};

/** The lead says whose the key is, each item of before there was one does too, and what is of this batch is known by its id. */
const isDecisive = ({ id, ids, under }: KeyedBatch, doc: KnownPredictionDoc): boolean => {
  const { batchIndex = -1 } = doc.state.request;
  return doc.id === id || doc.id === ids[batchIndex] || doc.id === under.earlierItem(batchIndex);
};

/** An item that was refused the first time is not in the log at all. */
const orUndefined = async (looking: Promise<KnownPredictionDoc>): Promise<KnownPredictionDoc | undefined> => {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Problem && error.code === 'unknown-prediction') return undefined;
    throw error;
  }
};
