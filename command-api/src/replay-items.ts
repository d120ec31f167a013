import { Problem } from '@hindcast/adapters/http';
import { keyOf, type PredictionDoc } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';
import { knownPrediction } from './known-prediction.ts';
import type { Accepted } from './prediction-receipt.ts';
import { sameRequest } from './same-request.ts';

/** undefined for an item that is not in the log, or not yet in the view. */
export type ItemReplay = Accepted | undefined;

/** Items that are looked up before a keyed request counts as new. What slips through, the fold ignores. */
const probesMax = 16;
const lookupsAtOnce = 32;

/**
 * What an earlier request under this key has accepted, by item; empty where there was none. With `claimed` it is certain
 * that there was one, and the view is given the time to show it.
 * @throws Problem `idempotency-key-reused` where an item differs
 */
export const replayItems = async (
  context: CommandContext,
  ids: readonly string[],
  hashes: readonly string[],
  claimed: boolean,
): Promise<readonly ItemReplay[]> => {
  const look = (id: string) =>
    claimed ? orUndefined(knownPrediction(context, id)) : context.reading.peek(keyOf(context.tenant, id));
  const lookAll = async (from: number, to: number): Promise<ItemReplay[]> => {
    const found: ItemReplay[] = [];
    for (let at = from; at < to; at += lookupsAtOnce) {
      const docs = await Promise.all(ids.slice(at, Math.min(to, at + lookupsAtOnce)).map(look));
      found.push(...docs.map((doc, index) => sameRequest(doc, hashes[at + index] as string)));
    }
    return found;
  };
  const probes = Math.min(probesMax, ids.length);
  const probed = await lookAll(0, probes);
  if (!claimed && probed.every((one) => one === undefined)) return [];
  return [...probed, ...(await lookAll(probes, ids.length))];
};

/** An item that was refused the first time is not in the log at all. */
const orUndefined = async (looking: Promise<PredictionDoc | undefined>): Promise<PredictionDoc | undefined> => {
  try {
    return await looking;
  } catch (error) {
    if (error instanceof Problem && error.code === 'unknown-prediction') return undefined;
    throw error;
  }
};
