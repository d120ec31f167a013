import { type ModelState, PROJECTIONS, type ProjectionName, unknownModelDetail, versionsOf } from '@hindcast/domain';
import { type Problem, problem } from './problem.ts';

/** To be said only when the log was read to its end. */
export const unknownModel = (name: string, known: readonly string[]): Problem =>
  problem('unknown-model', unknownModelDetail(name, known));

export const unknownModelVersion = (name: string, model: ModelState): Problem =>
  problem('unknown-model-version', versionsOf(name, model));

/** @throws Problem `unknown-projection` */
export const projectionNamed = (name: string): ProjectionName => {
  const found = PROJECTIONS.find((known) => known === name);
  if (found) return found;
  throw problem('unknown-projection', `The projections are ${PROJECTIONS.join(' and ')}.`);
};
