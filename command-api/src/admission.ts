import { problem } from '@hindcast/adapters/http';
import type { AppendOutcome, Backlog } from '@hindcast/domain';
import { createUncounted } from './uncounted.ts';

/** Bounds what is open. Everything behind the door relies on it. */
export interface Admission {
  /**
   * Lets that many predictions of a model in, or none. The answer is to be called when the log has told what became of
   * them, and after `appended`: what the log has taken is counted here until the backlog counts it.
   * @throws Problem `backlog-too-long`
   */
  enter(tenant: string, model: string, items: number): () => void;
  /** What the log told of them. */
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
  backlog: Pick<Backlog, 'open' | 'openOf' | 'countedTo'> & { readonly shared?: unknown },
  openMax: number,
  onAccepted?: (model: string, predictions: number) => void,
): Admission => {
  const openOfOneMax = openOfOneMaxOf(openMax);
  const areOpen = backlog.shared ? 'are open or kept free for other doors' : 'are open';
  const uncounted = createUncounted(backlog.countedTo);

  return {
    enter(tenant, model, items) {
      const key = `${tenant}/${model}`;
      uncounted.settle();
      const open = backlog.open() + uncounted.all;
      if (open + items > openMax) throw full(`predictions ${areOpen}`, open, openMax, items);
      const openOfOne = backlog.openOf(tenant, model) + uncounted.of(key);
      if (openOfOne + items > openOfOneMax)
        throw full(`predictions of '${model}' ${areOpen}`, openOfOne, openOfOneMax, items);
      uncounted.add(key, items);
      return () => uncounted.add(key, -items);
    },
    appended(tenant, model, outcomes) {
      uncounted.appended(`${tenant}/${model}`, outcomes);
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
