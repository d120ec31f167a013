import { type ScoredOutput, scoredOutput } from '../quality/scored-output.ts';
import { floatTolerance } from '../signature/float-tolerance.ts';

/** What of two answers to one input a report is made of. */
export interface AnswerChange {
  /** Another class, another decision, or another number than rounding can make. */
  readonly changed: boolean;
  /** Class or decision, where there is one. */
  readonly was: string | undefined;
  readonly is: string | undefined;
  /** Both are of one sort: probabilities, or numbers. */
  readonly score: { readonly sort: 'probability' | 'number'; readonly was: number; readonly is: number } | undefined;
}

/** The last of two classes speaks for both; of more, the class that was the most likely one. */
export const compareAnswers = (recorded: unknown, candidate: unknown): AnswerChange => {
  const before = scoredOutput(recorded);
  const after = scoredOutput(candidate);
  const was = before && outcomeOf(before);
  const is = after && outcomeOf(after);
  const score = before && after ? scoreOf(before, after) : undefined;
  if (!before || !after) {
    return { changed: JSON.stringify(recorded) !== JSON.stringify(candidate), was, is, score };
  }
  if (was !== undefined || is !== undefined) return { changed: was !== is, was, is, score };
  const apart = score && Math.abs(score.is - score.was) > floatTolerance('float32', Math.abs(score.was));
  return { changed: apart ?? true, was, is, score };
};

/** A decision is told by the class that it is for. */
const outcomeOf = (scored: ScoredOutput): string | undefined => {
  if (scored.kind === 'number') return undefined;
  if (scored.kind === 'class' || scored.decision === undefined) return scored.predicted;
  return scored.names[scored.decision ? 1 : 0];
};

const scoreOf = (before: ScoredOutput, after: ScoredOutput): AnswerChange['score'] => {
  if (before.kind === 'number' && after.kind === 'number') {
    return { sort: 'number', was: before.value, is: after.value };
  }
  if (before.kind !== 'classes' || after.kind !== 'classes') return undefined;
  const name = before.names.length === 2 ? before.names[1] : before.predicted;
  const was = before.scores[before.names.indexOf(name ?? '')];
  const is = after.scores[after.names.indexOf(name ?? '')];
  return was === undefined || is === undefined ? undefined : { sort: 'probability', was, is };
};
