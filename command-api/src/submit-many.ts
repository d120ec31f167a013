import { Problem, toProblem } from '@hindcast/adapters/http';
import { type AppendOutcome, keyOf, TOPICS } from '@hindcast/domain';
import { claimKey } from './claim-key.ts';
import type { CommandContext } from './command-ports.ts';
import { idsUnderKey } from './ids-under-key.ts';
import { type Accepted, acceptedOf } from './prediction-receipt.ts';
import { type PredictionItem, requestHashOf } from './prediction-request.ts';
import { type Manner, type Prepared, preparePrediction } from './prepare-prediction.ts';
import { type Batch, type ItemReplay, replayItems } from './replay-items.ts';
import { type ResolvedModel, resolveModel } from './resolve-model.ts';
import { inFlight, keyReused, settledByFold } from './same-request.ts';

export interface ManySubmission {
  readonly model: string;
  readonly items: readonly PredictionItem[];
  /** JSON pointer of the list in the body. */
  readonly pointer: string;
  readonly key: string | undefined;
  readonly manner: Manner;
  /** Nothing is accepted where one item is refused, and all items run on one version of the model. */
  readonly together?: Together;
  /** Called with the ids of what is about to be appended: what throws before it is not in the log. Only without a key. */
  readonly beforeAppend?: (ids: readonly string[]) => void;
}

export interface Together {
  readonly batchId: string;
  readonly resolved: ResolvedModel;
}

export type ItemOutcome = Accepted | Problem;

export interface ManySubmitted {
  readonly batchId: string;
  readonly replayed: boolean;
  /** In the order of the items. */
  readonly outcomes: readonly ItemOutcome[];
}

/**
 * Accepts many predictions in one durable append. A bad item is refused alone; problems of the whole request, such as an
 * unknown model, are thrown.
 */
export const submitMany = async (context: CommandContext, submission: ManySubmission): Promise<ManySubmitted> => {
  const { ports, tenant } = context;
  const { key, items, model } = submission;
  const hashes = items.map((item) => requestHashOf(ports.identity.sha256, model, item));
  if (key === undefined) {
    const batchId = submission.together?.batchId ?? ports.identity.newId();
    const ids = items.map(() => ports.identity.newId());
    const batch = { id: batchId, ids, hashes, keyed: undefined };
    return { batchId, replayed: false, outcomes: await acceptItems(context, submission, batch, []) };
  }
  const under = idsUnderKey(ports.identity, tenant, key);
  const batchId = under.lead;
  const hash = ports.identity.sha256(hashes.join());
  const ids = items.map((_, index) => under.item(hash, index));
  const own = await claimKey(ports, keyOf(tenant, batchId), hash);
  const { claim, beforeAppend } = own;
  const isOther = claim.held && claim.by.hash !== hash;
  const underWay = claim.held && claim.by.accepted === undefined;
  if (isOther && !underWay) throw keyReused();
  try {
    const batch = { id: batchId, ids, hashes, keyed: { hash, items: items.length }, under };
    // Otherwise items that have lost to an earlier request would be in the log, and run.
    if (!claim.held && !claim.sure) await context.viewPasses();
    const known = await replayItems(context, batch, claim.held && !underWay);
    // Whoever holds the claim may have died behind the append: what the view knows is accepted, claimed or not.
    if (underWay && !(known.length > 0 && known.every((item) => item !== undefined))) throw inFlight();
    const appended = await acceptItems(context, { ...submission, beforeAppend }, batch, known);
    const isAccepted = !appended.every((outcome) => outcome instanceof Problem);
    const isKept = isAccepted && (await own.accept('accepted'));
    const isSettled = isKept || (claim.held && claim.sure);
    const outcomes = isSettled ? appended : await settleItems(context, appended, hash);
    await own.release();
    return { batchId, replayed: known.some((one) => one !== undefined), outcomes };
  } catch (error) {
    await own.giveUp();
    throw error;
  }
};

const waitsAtOnce = 32;

/** @throws Problem `idempotency-key-reused` where another request won: the lead tells */
const settleItems = async (
  context: CommandContext,
  appended: readonly ItemOutcome[],
  hash: string,
): Promise<ItemOutcome[]> => {
  const settled: ItemOutcome[] = [];
  for (let at = 0; at < appended.length; at += waitsAtOnce) {
    const some = appended.slice(at, at + waitsAtOnce);
    settled.push(
      ...(await Promise.all(some.map((one) => (one instanceof Problem ? one : settledByFold(context, one, hash))))),
    );
  }
  return settled;
};

const acceptItems = async (
  context: CommandContext,
  submission: ManySubmission,
  batch: Batch,
  known: readonly ItemReplay[],
): Promise<ItemOutcome[]> => {
  const { items, together } = submission;
  let fresh = items.length;
  for (const one of known) if (one) fresh -= 1;
  if (fresh === 0) return known.filter((one) => one !== undefined);
  const found = together?.resolved ?? resolveModel(context, submission.model);
  const resolved = found instanceof Promise ? await found : found;
  const leave = context.admission.enter(context.tenant, resolved.name, fresh, submission.pointer);
  try {
    return await appendItems(context, submission, batch, known, resolved);
  } finally {
    leave();
  }
};

const appendItems = async (
  context: CommandContext,
  { items, pointer, manner, together, beforeAppend }: ManySubmission,
  { id: batchId, ids, hashes, keyed }: Batch,
  known: readonly ItemReplay[],
  resolved: ResolvedModel,
): Promise<ItemOutcome[]> => {
  const outcomes: ItemOutcome[] = [];
  const prepared: Prepared[] = [];
  const places: number[] = [];
  let hasLead = !keyed || known.some((one) => one?.receipt.id === batchId);
  for (let index = 0; index < items.length; index++) {
    const item = items[index] as PredictionItem;
    const before = known[index];
    if (before) {
      outcomes[index] = before;
      continue;
    }
    const ownId = ids[index] as string;
    const id = hasLead ? ownId : batchId;
    const requestHash = hashes[index] as string;
    const batch = { id: batchId, index, keyed };
    try {
      const draft = {
        id,
        requestHash,
        model: resolved,
        item,
        pointer: `${pointer}/${index}`,
        manner,
        batch,
        // Whether it leads must not change what it is judged by: the next time another item may.
        chosenBy: ownId,
        together: together !== undefined,
      };
      const made = preparePrediction(context, draft);
      prepared.push(made instanceof Promise ? await made : made);
      places.push(index);
      hasLead = true;
    } catch (error) {
      // What is true of the server is true of every item.
      if (together || !(error instanceof Problem) || error.status >= 500) throw error;
      outcomes[index] = error;
    }
  }
  if (prepared.length === 0) return outcomes;
  beforeAppend?.(prepared.map(({ id }) => id));
  const records = prepared.map(({ record }) => record);
  const appended = await context.ports.log.append(TOPICS.predictions, records);
  context.admission.appended(context.tenant, resolved.name, appended);
  const refused = appended.find((outcome) => !outcome.ok);
  // Items whose lead is not in the log are of no batch.
  const isNothing = prepared[0]?.id === batchId ? !appended[0]?.ok : appended.every((outcome) => !outcome.ok);
  if (refused && !refused.ok && isNothing) throw refused.error;
  for (let at = 0; at < places.length; at++) {
    outcomes[places[at] as number] = settled(prepared[at] as Prepared, appended[at]);
  }
  return outcomes;
};

const settled = (prepared: Prepared, outcome: AppendOutcome | undefined): ItemOutcome => {
  try {
    return acceptedOf(prepared, outcome);
  } catch (error) {
    return toProblem(error);
  }
};
