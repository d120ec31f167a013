import { problem } from '@hindcast/adapters/http';
import type { AppendOutcome, Backlog, SharedBacklog } from '@hindcast/domain';

/** Bounds what is open. Everything behind the door relies on it. */
export interface Admission {
  /**
   * Lets that many predictions of a model in, or none. The answer is to be called when the log has told what became of
   * them: until then they are counted here, for the backlog does not know them yet.
   * @throws Problem `backlog-too-long`
   */
  enter(tenant: string, model: string, items: number): () => void;
  /** What the log told of them, before they are no longer counted here. */
  appended(tenant: string, model: string, outcomes: readonly AppendOutcome[]): void;
}

/**
 * What one model may take of all that may be open. However long its work waits, because it is slow, paused or in
 * sudden demand, as much is left for the others together.
 */
const modelShareMax = 0.5;
/** How soon there is room again cannot be told: models may be paused. */
const retrySeconds = 5;

/** Predictions of one model that may be open at once. */
export const openOfOneMaxOf = (openMax: number): number => Math.ceil(openMax * modelShareMax);

export const createAdmission = (
  backlog: Pick<Backlog, 'open' | 'openOf'> & { readonly shared?: Pick<SharedBacklog, 'appended'> },
  openMax: number,
  onAccepted?: (model: string, predictions: number) => void,
): Admission => {
  const openOfOneMax = openOfOneMaxOf(openMax);
  const areOpen = backlog.shared ? 'are open or kept free for other doors' : 'are open';
  /** Predictions on their way to the log, by tenant and model. */
  const onTheirWay = new Map<string, number>();
  let allOnTheirWay = 0;

  const count = (key: string, items: number): void => {
    allOnTheirWay += items;
    const ofModel = (onTheirWay.get(key) ?? 0) + items;
    if (ofModel > 0) onTheirWay.set(key, ofModel);
    else onTheirWay.delete(key);
  };

  return {
    enter(tenant, model, items) {
      const key = `${tenant}/${model}`;
      const open = backlog.open() + allOnTheirWay;
      if (open + items > openMax) throw full(`predictions ${areOpen}`, open, openMax, items);
      const openOfOne = backlog.openOf(tenant, model) + (onTheirWay.get(key) ?? 0);
      if (openOfOne + items > openOfOneMax)
        throw full(`predictions of '${model}' ${areOpen}`, openOfOne, openOfOneMax, items);
      count(key, items);
      return () => count(key, -items);
    },
    appended(tenant, model, outcomes) {
      backlog.shared?.appended(tenant, model, outcomes);
      let taken = 0;
      for (const { ok } of outcomes) if (ok) taken += 1;
      if (taken > 0) onAccepted?.(model, taken);
    },
  };
};

const full = (what: string, open: number, max: number, items: number) =>
  problem('backlog-too-long', `${open} ${what}, no more than ${max} may be, and this request has ${items}.`, {
    headers: { 'retry-after': String(retrySeconds) },
  });
