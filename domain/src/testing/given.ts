import { expect } from 'vitest';
import { evolveJob, type JobState, type JobVerdict, unknownJob } from '../evolve-job.ts';
import { evolveModel, type ModelState, type ModelVerdict, unknownModel } from '../evolve-model.ts';
import {
  evolvePrediction,
  type PredictionState,
  type Stored,
  unknownPrediction,
  type Verdict,
} from '../evolve-prediction.ts';
import type { JobEvent } from '../job-events.ts';
import type { ModelEvent } from '../model-events.ts';
import type { PredictionEvent } from '../prediction-events.ts';

const firstOffset = 1;
const logStartMs = 1_700_000_000_000;
const msPerRecord = 10;

/** The events as a log would hold them: offsets from 1, ten milliseconds apart. */
export const storedAs = <E>(events: readonly E[], from = firstOffset): Stored<E>[] =>
  events.map((event, i) => ({ event, offset: from + i, appendedAt: logStartMs + (from + i) * msPerRecord }));

export interface Judged<State, V> {
  readonly state: State;
  readonly verdict: V;
  /** Fails unless the last event got this verdict and the state holds (at least) these values. */
  thenIs(verdict: V, state?: object): void;
}

const givenOf =
  <State, E, V>(evolve: (state: State, stored: Stored<E>) => { state: State; verdict: V }, initial: State) =>
  (...events: readonly E[]) => ({
    when(event: E): Judged<State, V> {
      const past = storedAs(events);
      const before = past.reduce((state, stored) => evolve(state, stored).state, initial);
      const [last] = storedAs([event], firstOffset + events.length);
      if (!last) throw new Error('There is no event to judge.');
      const evolved = evolve(before, last);
      return {
        ...evolved,
        thenIs(verdict, state) {
          expect(evolved.verdict).toEqual(verdict);
          if (state) expect(evolved.state).toMatchObject(state);
        },
      };
    },
  });

/** `given(...events).when(event).thenIs(verdict, state)` on one prediction. */
export const given = givenOf<PredictionState, PredictionEvent, Verdict>(evolvePrediction, unknownPrediction);
/** The same on one model. */
export const givenModel = givenOf<ModelState, ModelEvent, ModelVerdict>(evolveModel, unknownModel);
/** The same on one job. */
export const givenJob = givenOf<JobState, JobEvent, JobVerdict>(evolveJob, unknownJob);

/** What a serial fold of the records makes of them. */
export const foldPrediction = (
  stored: readonly Stored<PredictionEvent>[],
  initial: PredictionState = unknownPrediction,
): PredictionState => stored.reduce((state, next) => evolvePrediction(state, next).state, initial);
