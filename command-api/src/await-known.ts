import { problem } from '@hindcast/adapters/http';
import { keyOf, type PredictionDoc, partitionOf, TOPICS } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

const pollMs = 20;

/**
 * The document of a prediction that the view may not have yet. Waits until the view has passed what the log held at the
 * time of the call, so that an accepted id is never called unknown.
 * @throws Problem `unknown-prediction`, or `view-behind` after `outcomeWaitMs`
 */
export const awaitKnown = async (
  { ports, limits, tenant }: CommandContext,
  id: string,
  known: (doc: PredictionDoc | undefined) => boolean,
): Promise<PredictionDoc | undefined> => {
  const key = keyOf(tenant, id);
  const first = await ports.views.prediction(key);
  if (known(first)) return first;
  const all = await ports.log.bounds(TOPICS.predictions);
  const partition = partitionOf(key, all.length);
  const bounds = all.find((one) => one.partition === partition);
  const deadline = ports.identity.now() + limits.outcomeWaitMs;
  for (;;) {
    const passed = (await ports.views.checkpoints('prediction-status')).some(
      (at) => at.partition === partition && at.logId === bounds?.logId && at.next >= bounds.end,
    );
    const doc = await ports.views.prediction(key);
    if (known(doc)) return doc;
    if (passed) throw problem('unknown-prediction', `No prediction has the id ${id}.`);
    if (ports.identity.now() >= deadline) {
      throw problem('view-behind', 'The status view has not caught up with the log.', {
        headers: { 'retry-after': '1' },
      });
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
};
