import { problem } from '@hindcast/adapters/http';
import { type PredictionDoc, parsePosition } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
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
  const won = sameRequest(doc, receipt.requestHash);
  // Logs of before the hash was kept do not tell one batch from another.
  if ((doc.state.request.batchHash ?? batchHash) !== batchHash) throw keyReused();
  if (!won || doc.state.request.offset === own?.offset) return { receipt, position, replayed: false };
  return { ...won, replayed: true };
};

/**
 * A batch under a key has the id that a single prediction under it would have.
 * @throws Problem `idempotency-key-reused` where the view knows an item of such a batch
 */
export const refuseKeyOfBatch = async ({ ports, tenant }: CommandContext, id: string): Promise<void> => {
  const items = await ports.views.predictions({ tenant, batchId: id, limit: 1 });
  if (items.length > 0) throw keyReused();
};
