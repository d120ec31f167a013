import { JobFailure, type ProjectionName } from '@hindcast/domain';
import type { Comparison } from './compare-views.ts';

/** Sums over the documents of the status view: they know of no parked keys, and differ where one of those was mended. */
const sums: readonly string[] = ['prediction-stats', 'prediction-quality'];

/**
 * What is parked in one of two generations and not in the other comes from a repaired program, and so may everything that
 * is counted from it.
 * @throws JobFailure `views_differ`, with what differs
 */
export const requireEqual = (name: ProjectionName, verification: Readonly<Record<string, Comparison>>): void => {
  const isMended = Object.values(verification).some(({ parked }) => parked > 0);
  const differing = Object.entries(verification).filter(
    ([view, { different, onlyLive, onlyBuilt }]) =>
      different + onlyLive + onlyBuilt > 0 && !(isMended && sums.includes(view)),
  );
  if (differing.length === 0) return;
  const told = differing.map(
    ([view, { different, onlyLive, onlyBuilt, examples }]) =>
      `${view}: ${different} different, ${onlyLive} only in the live one, ${onlyBuilt} only in the new one, such as ${examples.join(', ')}.`,
  );
  throw new JobFailure(
    'views_differ',
    `The new generation of ${name} is not equal to the live one, which stays. To promote it all the same, ask again with force. ${told.join(' ')}`,
  );
};
