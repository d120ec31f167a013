import {
  type CompletionBus,
  type EndedDoc,
  isEnded,
  type Logger,
  type PredictionDoc,
  type ResultCache,
} from '@hindcast/domain';
import type { Swapped } from './read-fold-swap.ts';

export type Announce = (swapped: Iterable<Swapped<PredictionDoc>>) => Promise<void>;

/**
 * Tells of documents that the store has acknowledged: the cache first, so that whoever is woken by the notice finds the
 * result there. Both may lose what they are told, so a failure is only reported.
 */
export const createAnnouncer =
  ({ bus, cache, logger }: { bus: CompletionBus; cache: ResultCache; logger?: Logger | undefined }): Announce =>
  async (swapped) => {
    const changed: PredictionDoc[] = [];
    const ended: EndedDoc[] = [];
    const outdated: string[] = [];
    for (const { before, doc } of swapped) {
      if (doc === before) continue;
      changed.push(doc);
      if (before && isEnded(before.state)) outdated.push(doc.key);
      else if (hasEnded(doc) && !doc.state.request.imported) ended.push(doc);
    }
    if (changed.length === 0) return;
    try {
      if (ended.length > 0) await cache.put(ended);
      if (outdated.length > 0) await cache.drop(outdated);
    } catch (error) {
      logger?.warn({ err: error }, 'The result cache was not told of ended predictions.');
    }
    bus.publish(changed);
  };

const hasEnded = (doc: PredictionDoc): doc is EndedDoc => isEnded(doc.state);
