import { isKnown, type KnownPredictionDoc, problem } from '@hindcast/adapters/http';
import { type PredictionDoc, parsePosition } from '@hindcast/domain';
import { itemsInView } from './batch-items.ts';
import type { CommandContext } from './command-ports.ts';
import type { IdsUnderKey } from './ids-under-key.ts';
import { knownPrediction } from './known-prediction.ts';
import { type Accepted, acceptedBefore } from './prediction-receipt.ts';

export const keyReused = () =>
  problem('idempotency-key-reused', 'A prediction with another request was accepted under this key.');

export const inFlight = () =>
  problem('idempotency-in-flight', 'A request with this key is being handled.', { headers: { 'retry-after': '1' } });

/**
 * The receipt of an earlier, equal request under the same id; undefined where the view does not know one.
 * @throws Problem `idempotency-key-reused` where the id belongs to another request
 */
export const sameRequest = (doc: PredictionDoc | undefined, requestHash: string): Accepted | undefined => {
  const accepted = doc && acceptedBefore(doc);
  if (accepted && accepted.receipt.requestHash !== requestHash) throw keyReused();
  return accepted;
};

/**
 * The same of a single prediction.
 * @throws Problem `idempotency-key-reused` also where it would be the lead of a batch
 */
export const sameSingle = (doc: PredictionDoc | undefined, requestHash: string): Accepted | undefined => {
  if (doc && isKnown(doc) && leadsBatch(doc)) throw keyReused();
  return sameRequest(doc, requestHash);
};

const leadsBatch = ({ id, state: { request } }: KnownPredictionDoc): boolean =>
  request.batchHash !== undefined && request.batchId === id;

export interface Settled extends Accepted {
  readonly replayed: boolean;
}

/**
 * What became of a request whose claim was not sure: the view tells whether it won, after it has folded this very record.
 * @throws Problem `idempotency-key-reused` where another request won, `view-behind` after `outcomeWaitMs`
 */
export const settledByFold = async (
  context: CommandContext,
  { receipt, position }: Accepted,
  batchHash?: string,
): Promise<Settled> => {
  const own = parsePosition(position);
  const doc = await knownPrediction(context, receipt.id, own ? [own] : []);
  const { batchId, batchHash: wonBy = batchHash, requestHash } = doc.state.request;
  // Another door took another item of this very batch for its lead: a repeat is told how the log has it.
  const isOwnLead = batchHash !== undefined && batchId === doc.id && wonBy === batchHash;
  if (isOwnLead && requestHash !== receipt.requestHash) throw inFlight();
  const won = sameRequest(doc, receipt.requestHash);
  // Logs of before the hash was kept do not tell one batch from another; a single prediction is of none.
  if (wonBy !== batchHash || (batchHash !== undefined && batchId === undefined)) throw keyReused();
  if (!won || doc.state.request.offset === own?.offset) return { receipt, position, replayed: false };
  return { ...won, replayed: true };
};

/**
 * In logs of before one item led the others, no item of a batch has the id that a single prediction under its key has.
 * @throws Problem `idempotency-key-reused` where the view knows an item of such a batch
 */
export const refuseKeyOfEarlierBatch = async (
  context: CommandContext,
  { lead, earlierItem }: Pick<IdsUnderKey, 'lead' | 'earlierItem'>,
): Promise<void> => {
  for await (const { id, state } of itemsInView(context, lead))
    if (id === earlierItem(state.request.batchIndex ?? 0)) throw keyReused();
};

/**
 * The same of an id that the client gave: there is no key to tell whose the items of a batch with that id are.
 * @throws Problem `idempotency-key-reused` where the view knows an item
 */
export const refuseIdOfBatch = async ({ ports, tenant }: CommandContext, id: string): Promise<void> => {
  const items = await ports.views.predictions({ tenant, batchId: id, limit: 1 });
  if (items.length > 0) throw keyReused();
};
