import { type ModelState, nearNames, PROJECTIONS, type ProjectionName } from '@hindcast/domain';
import { type Problem, problem } from './problem.ts';

/** Names that one text lists. */
const namesMax = 10;

/** With the names that may have been meant, else those there are. To be said only when the log was read to its end. */
export const unknownModel = (name: string, known: readonly string[]): Problem => {
  const near = nearNames(name, known);
  const hint = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : whatThereIs(known);
  return problem('unknown-model', `No model is named ${name}. ${hint}`);
};

const whatThereIs = (known: readonly string[]): string => {
  if (known.length === 0) return 'No model is registered yet.';
  const more = known.length > namesMax ? ` and ${known.length - namesMax} more: GET /v1/models lists all` : '';
  return `There is ${known.slice(0, namesMax).join(', ')}${more}.`;
};

export const versionsOf = (name: string, { versions }: ModelState): string =>
  `${name} has the versions 1 to ${versions.length}.`;

export const unknownModelVersion = (name: string, model: ModelState): Problem =>
  problem('unknown-model-version', versionsOf(name, model));

/** @throws Problem `unknown-projection` */
export const projectionNamed = (name: string): ProjectionName => {
  const found = PROJECTIONS.find((known) => known === name);
  if (found) return found;
  throw problem('unknown-projection', `The projections are ${PROJECTIONS.join(' and ')}.`);
};
