import { type AppendOutcome, isEnded, keyOf, type PredictionDoc, type Reservation, TOPICS } from '@hindcast/domain';
import { claimKey } from './claim-key.ts';
import type { CommandContext } from './command-ports.ts';
import type { IdsUnderKey } from './ids-under-key.ts';
import { type Accepted, acceptedOf } from './prediction-receipt.ts';
import { type PredictionItem, requestHashOf } from './prediction-request.ts';
import { type Manner, preparePrediction } from './prepare-prediction.ts';
import { resolveModel } from './resolve-model.ts';
import {
  inFlight,
  keyReused,
  refuseIdOfBatch,
  refuseKeyOfEarlierBatch,
  type Settled,
  sameSingle,
  settledByFold,
} from './same-request.ts';
import type { Watches } from './watch-predictions.ts';

export interface KeyedId {
  readonly id: string;
  /** undefined where the client gave the id: it has no key that a batch could be under. */
  readonly under: IdsUnderKey | undefined;
}

export interface Submission {
  readonly model: string;
  readonly item: PredictionItem;
  /** The id that the client's key stands for, or that the client gave; undefined for a request with neither. */
  readonly keyed: KeyedId | undefined;
  readonly manner: Manner;
  readonly waitMs: number;
}

export interface Submitted extends Settled {
  /** The document of the end, where it came within the wait, or had come before a repeat. */
  readonly ended: PredictionDoc | undefined;
}

const hasEnded = ({ state }: PredictionDoc): boolean => isEnded(state);

/** Accepts one prediction: durable when it resolves. */
export const submitPrediction = (
  context: CommandContext,
  watches: Watches,
  submission: Submission,
): Promise<Submitted> => {
  const { identity } = context.ports;
  const requestHash = requestHashOf(identity.sha256, submission.model, submission.item);
  return submission.keyed === undefined
    ? acceptNew(context, watches, submission, identity.newId(), requestHash)
    : submitKeyed(context, watches, submission, submission.keyed, requestHash);
};

const submitKeyed = async (
  context: CommandContext,
  watches: Watches,
  submission: Submission,
  { id, under }: KeyedId,
  requestHash: string,
): Promise<Submitted> => {
  const { reading, ports } = context;
  const refuseEarlierBatch = () => (under ? refuseKeyOfEarlierBatch(context, under) : refuseIdOfBatch(context, id));
  const key = keyOf(context.tenant, id);
  const own = await claimKey(ports, key, requestHash);
  const { claim, beforeAppend, release } = own;
  if (claim.held) {
    const isOwn = claim.by.hash === requestHash;
    if (!isOwn && claim.by.accepted !== undefined) throw keyReused();
    // Whoever holds the claim may have died behind the append: what the view knows is accepted, claimed or not.
    const doc = await reading.peek(key);
    const accepted = sameSingle(doc, requestHash) ?? (isOwn ? acceptedBy(claim.by) : undefined);
    if (accepted) return replay(watches, submission, accepted, doc);
    if (!isOwn) await refuseEarlierBatch();
    // Nothing is appended beside the request of a holder: that one may be sure at its own door, where this one is not, and be
    // told that it was accepted.
    throw inFlight();
  }
  const settle = async (accepted: Accepted): Promise<Settled> =>
    (await own.accept(JSON.stringify(accepted))) ? { ...accepted, replayed: false } : settledByFold(context, accepted);
  try {
    // Otherwise one that has lost to an earlier request would be in the log, and run.
    if (!claim.sure) await context.viewPasses();
    const doc = await reading.peek(key);
    const before = sameSingle(doc, requestHash);
    if (!before) {
      await refuseEarlierBatch();
      const submitted = await acceptNew(context, watches, submission, id, requestHash, { beforeAppend, settle });
      // What was not accepted by the claim the view knows by now.
      await release();
      return submitted;
    }
    await own.accept(JSON.stringify(before));
    await release();
    return await replay(watches, submission, before, doc);
  } catch (error) {
    await own.giveUp();
    throw error;
  }
};

const acceptedBy = ({ accepted }: Reservation): Accepted | undefined =>
  accepted === undefined ? undefined : (JSON.parse(accepted) as Accepted);

const replay = async (
  watches: Watches,
  { waitMs }: Submission,
  accepted: Accepted,
  doc: PredictionDoc | undefined,
): Promise<Submitted> => {
  if (doc && hasEnded(doc)) return { ...accepted, replayed: true, ended: doc };
  const watch = waitMs > 0 ? watches.watch(accepted.receipt.id, hasEnded, waitMs) : undefined;
  return { ...accepted, replayed: true, ended: await watch?.seen };
};

const acceptNew = async (
  context: CommandContext,
  watches: Watches,
  { model, item, manner, waitMs }: Submission,
  id: string,
  requestHash: string,
  keyed?: { beforeAppend(): void; settle(accepted: Accepted): Promise<Settled> },
): Promise<Submitted> => {
  const found = resolveModel(context, model);
  const resolved = found instanceof Promise ? await found : found;
  const made = preparePrediction(context, { id, requestHash, model: resolved, item, pointer: '', manner });
  const prepared = made instanceof Promise ? await made : made;
  const watch = waitMs > 0 ? watches.watch(id, hasEnded, waitMs) : undefined;
  try {
    const leave = context.admission.enter(context.tenant, prepared.model, 1, '');
    let outcomes: readonly AppendOutcome[];
    try {
      keyed?.beforeAppend();
      outcomes = await context.ports.log.append(TOPICS.predictions, [prepared.record]);
      context.admission.appended(context.tenant, prepared.model, outcomes);
    } finally {
      leave();
    }
    const accepted = acceptedOf(prepared, outcomes[0]);
    const settled = keyed ? await keyed.settle(accepted) : { ...accepted, replayed: false };
    const ended = watch && (await watch.seen);
    // Another body may have won the race for this key: its result is not the answer to this one.
    if (ended) sameSingle(ended, requestHash);
    return { ...settled, ended };
  } finally {
    watch?.stop();
  }
};
