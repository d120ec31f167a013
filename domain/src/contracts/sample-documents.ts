import { isEnded, type PredictionState } from '../evolve-prediction.ts';
import type { EndedDoc } from '../ports.ts';
import { foldPrediction, storedAs } from '../testing/given.ts';
import { aPredictionRequested, aPredictionSucceeded } from '../testing/prediction-event-builders.ts';
import type { PredictionDoc } from '../view-store.ts';

const tenant = 't';

/** A document of tenant `t` whose request has the log time `at` and these data. */
export const requestedDoc = (
  id: string,
  pos: number,
  at: number,
  data: Parameters<typeof aPredictionRequested>[0] = {},
): PredictionDoc =>
  docOf(
    id,
    pos,
    foldPrediction([{ event: aPredictionRequested({ ...data, tenant, id }), offset: pos, appendedAt: at }]),
  );

export const predictionDoc = (id: string, pos: number): PredictionDoc => requestedDoc(id, pos, 1_000 + pos);

export const endedDoc = (id: string, pos: number, output: unknown = { probability: 0.25 }): EndedDoc => {
  const events = [aPredictionRequested({ tenant, id }), aPredictionSucceeded({ tenant, id, output })];
  const state = foldPrediction(storedAs(events, pos - 1));
  if (!isEnded(state)) throw new Error('The fold of a success did not end.');
  return { ...docOf(id, pos, state), state };
};

const docOf = (id: string, pos: number, state: PredictionState): PredictionDoc => ({
  key: `${tenant}/${id}`,
  tenant,
  id,
  epoch: 0,
  partition: 3,
  pos,
  state,
});
