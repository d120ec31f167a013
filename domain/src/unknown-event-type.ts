import { eventData } from './domain-events.ts';
import { nearNames } from './near-names.ts';

/** Of a name that is none: as much as is said again. */
const charsMax = 64;

/** With the types that may have been meant, else those there are. */
export const unknownEventTypeDetail = (name: string): string => {
  const known = Object.keys(eventData);
  const near = nearNames(name, known);
  const said = near.length > 0 ? `Did you mean ${near.join(' or ')}?` : `Known: ${known.join(', ')}.`;
  return `${JSON.stringify(name.slice(0, charsMax))} is no type of event. ${said}`;
};
