import { type ModelState, nearNames, PROJECTIONS, type ProjectionName } from '@hindcast/domain';
import { type Problem, problem } from './problem.ts';

/** With the names that may have been meant. To be said only when the log was read to its end. */
export const unknownModel = (name: string, known: readonly string[]): Problem => {
  const near = nearNames(name, known);
  const hint = near.length > 0 ? ` Did you mean ${near.join(' or ')}?` : '';
  return problem('unknown-model', `No model is named ${name}.${hint}`);
};

export const unknownModelVersion = (name: string, { versions }: ModelState): Problem =>
  problem('unknown-model-version', `${name} has the versions 1 to ${versions.length}.`);

/** @throws Problem `unknown-projection` */
export const projectionNamed = (name: string): ProjectionName => {
  const found = PROJECTIONS.find((known) => known === name);
  if (found) return found;
  throw problem('unknown-projection', `The projections are ${PROJECTIONS.join(' and ')}.`);
};
