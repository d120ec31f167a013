import { candidatesAreAskedAboutThePast } from './backtest.ts';
import { badInputIsRefused, trickledBodyIsCut } from './bad-input.ts';
import { datasetsAreCuts } from './datasets.ts';
import { describedExamplesWork, limitIsDescribed } from './described-examples.ts';
import { openMaxHoldsAtTheDoor, pausedModelDoesNotStopOthers } from './floods.ts';
import { importedHistoryIsReadAndNeverRun } from './imports.ts';
import {
  crashingModelFails,
  endlessModelTimesOut,
  everythingExpires,
  slowModelDoesNotDelayFastOne,
} from './isolation.ts';
import { labelsMakeQuality } from './labels.ts';
import { oneAnswerForAModel, oneAnswerForAnId, oneAnswerForAResult } from './one-answer.ts';
import {
  answersEqualDirectRun,
  largePayloads,
  manyAtOnce,
  mixedRowsAnswerAlone,
  oneBadRow,
  restartKeepsEverything,
} from './predict-and-read.ts';
import { cancelRacesCompletion, duplicatesOfOneKey, twoBodiesOneKey } from './races.ts';
import type { Scenario } from './system.ts';
import { pastAnswersAreGivenAgain } from './verification.ts';
import { rebuildEqualsLive, replayResumes, viewsEqualRawFold } from './views.ts';

/*
 * What Hindcast promises its users, whatever it runs on.
 */

/** They add models of their own to a system that others may have used before them. */
export const scenariosOfOneSystem: readonly Scenario[] = [
  answersEqualDirectRun,
  manyAtOnce,
  mixedRowsAnswerAlone,
  oneBadRow,
  largePayloads,
  oneAnswerForAResult,
  oneAnswerForAModel,
  duplicatesOfOneKey,
  twoBodiesOneKey,
  cancelRacesCompletion,
  crashingModelFails,
  labelsMakeQuality,
  viewsEqualRawFold,
  replayResumes,
  importedHistoryIsReadAndNeverRun,
  candidatesAreAskedAboutThePast,
  datasetsAreCuts,
  limitIsDescribed,
  describedExamplesWork,
];

/** They start a system as they need it, or take long, or leave much behind. */
export const scenariosOfTheirOwn: readonly Scenario[] = [
  trickledBodyIsCut,
  restartKeepsEverything,
  oneAnswerForAnId,
  slowModelDoesNotDelayFastOne,
  pausedModelDoesNotStopOthers,
  openMaxHoldsAtTheDoor,
  endlessModelTimesOut,
  everythingExpires,
  rebuildEqualsLive,
  pastAnswersAreGivenAgain,
  badInputIsRefused,
];
