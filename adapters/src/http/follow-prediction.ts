import type { CompletionBus, PredictionDoc } from '@hindcast/domain';
import { isKnown, type KnownPredictionDoc } from './prediction-body.ts';
import { wakeUp } from './wake-up.ts';

/** The newest document of a prediction that anybody has told, and a sleep that ends when there is a newer one. */
export interface FollowedPrediction {
  latest(): KnownPredictionDoc;
  /** Takes what was read, where it is newer. */
  take(doc: PredictionDoc | undefined): void;
  sleep(ms: number): Promise<void>;
  stop(): void;
}

/** Listens from the moment it is made, so that nothing between a read and a sleep is missed. */
export const followPrediction = (
  bus: Pick<CompletionBus, 'subscribe'>,
  known: KnownPredictionDoc,
  signal: AbortSignal,
): FollowedPrediction => {
  const bell = wakeUp(signal);
  let latest = known;
  const take = (doc: PredictionDoc | undefined): void => {
    if (doc && isKnown(doc) && doc.pos > latest.pos) latest = doc;
  };
  const stop = bus.subscribe(known.key, (doc) => {
    take(doc);
    bell.wake();
  });
  return { latest: () => latest, take, sleep: bell.sleep, stop };
};
