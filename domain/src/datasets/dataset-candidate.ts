import type { PredictionState } from '../evolve-prediction.ts';
import type { PredictionRequested } from '../prediction-events.ts';
import type { LabelChoice } from './label-choice.ts';

/** A prediction of the set, with all that its row is made of. */
export interface DatasetCandidate {
  readonly request: PredictionRequested;
  readonly partition: number;
  readonly position: string;
  readonly acceptedAt: number;
  readonly state: PredictionState;
  readonly label: LabelChoice;
  readonly split: string;
}
