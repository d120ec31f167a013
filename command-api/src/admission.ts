import { problem } from '@hindcast/adapters/http';
import type { AppendOutcome, Backlog } from '@hindcast/domain';
import { createUncounted } from './uncounted.ts';

/** Bounds what is open. Everything behind the door relies on it. */
export interface Admission {
  /**
   * Lets that many predictions of a model in, or none. The answer is to be called when the log has told what became of
   * them, and after `appended`: what the log has taken is counted here until the backlog counts it.
   * @throws Problem `backlog-too-long`, `invalid-body` for what would never have room: then `pointer` says where it is
   */
  enter(tenant: string, model: string, items: number, pointer: string): () => void;
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

export interface AdmissionNotes {
  readonly onAccepted?: ((model: string, predictions: number) => void) | undefined;
  /** What is open of such a model stays open until somebody resumes it. */
  readonly isPaused?: (tenant: string, model: string) => boolean;
}

export const createAdmission = (
  backlog: Pick<Backlog, 'open' | 'openOf' | 'countedTo'> & { readonly shared?: unknown },
  openMax: number,
  { onAccepted, isPaused }: AdmissionNotes = {},
): Admission => {
  const openOfOneMax = openOfOneMaxOf(openMax);
  const areOpen = backlog.shared ? 'are open or kept free for other doors' : 'are open';
  const uncounted = createUncounted(backlog.countedTo);

  return {
    enter(tenant, model, items, pointer) {
      if (items > openOfOneMax) throw neverFits(items, openOfOneMax, pointer);
      const key = `${tenant}/${model}`;
      uncounted.settle();
      const open = backlog.open() + uncounted.all;
      if (open + items > openMax) throw full(`${open} predictions ${areOpen}`, openMax, items);
      const openOfOne = backlog.openOf(tenant, model) + uncounted.of(key);
      if (openOfOne + items > openOfOneMax) {
        const note = isPaused?.(tenant, model) ? pausedNote(model) : '';
        throw full(`${openOfOne} predictions of '${model}' ${areOpen}`, openOfOneMax, items, note);
      }
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

const full = (areOpen: string, max: number, items: number, note = '') =>
  problem('backlog-too-long', `${areOpen}, no more than ${max} may be, and this request has ${items}.${note}`, {
    headers: { 'retry-after': String(retrySeconds) },
  });

const pausedNote = (model: string): string =>
  ` '${model}' is paused: its predictions wait until \`npx hindcast models resume ${model}\`.`;

const neverFits = (items: number, max: number, pointer: string) => {
  const detail = `Expected at most ${max}, not ${items}: no more predictions of one model may be open at once (half of HINDCAST_OPEN_MAX).`;
  return problem('invalid-body', `${pointer}: ${detail}`, { errors: [{ pointer, detail }] });
};
