import type { KnownPredictionDoc } from '@hindcast/adapters/http';
import { keyOf, type Position } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

/**
 * The newest document of an accepted prediction, which the view may not have yet; not before it has folded `seen`.
 * @throws Problem `unknown-prediction` once the view has passed the end of the log, `view-behind` after `outcomeWaitMs`
 */
export const knownPrediction = async (
  context: CommandContext,
  id: string,
  seen: readonly Position[] = [],
): Promise<KnownPredictionDoc> => {
  const open = context.waits.of();
  try {
    return await context.reading.find(keyOf(context.tenant, id), { seen, labels: true }, open);
  } finally {
    open.release();
  }
};
