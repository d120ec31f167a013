import {
  acceptedIsNeverUnknown,
  answersAreOfTheirOwnRow,
  cancelsAgreeWithTheLog,
  everyAnswerIsExpected,
  oneKeyIsOneRequest,
  readsNeverMoveBack,
} from './check-answers.ts';
import {
  everythingSucceedsOrIsCanceled,
  nothingAcceptedIsLost,
  nothingIsMadeUp,
  resultsAreThoseOfTheModel,
  statisticsEqualTheFold,
  viewsEqualTheFold,
} from './check-state.ts';
import type { Evidence, Law } from './evidence.ts';

export const laws = {
  nothingAcceptedIsLost,
  everythingSucceedsOrIsCanceled,
  resultsAreThoseOfTheModel,
  viewsEqualTheFold,
  statisticsEqualTheFold,
  nothingIsMadeUp,
  readsNeverMoveBack,
  acceptedIsNeverUnknown,
  cancelsAgreeWithTheLog,
  everyAnswerIsExpected,
  answersAreOfTheirOwnRow,
  oneKeyIsOneRequest,
} as const satisfies Readonly<Record<string, Law>>;

export type Findings = Readonly<Partial<Record<keyof typeof laws, readonly string[]>>>;

/** The laws that were broken, each with its cases. It knows nothing of the product but its answers and its raw log. */
export const checkRun = (evidence: Evidence): Findings =>
  Object.fromEntries(
    Object.entries(laws)
      .map(([name, law]) => [name, law(evidence)] as const)
      .filter(([, cases]) => cases.length > 0),
  );
