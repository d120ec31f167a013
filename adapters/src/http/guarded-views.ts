import type { Logger, ViewReader } from '@hindcast/domain';
import { problem } from './problem.ts';

/** The views, where a store that does not answer is a 503 of its own instead of an error of ours. */
export const guardedViews = (views: ViewReader, logger: Logger): ViewReader => {
  const guarded = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      logger.warn({ err: error }, 'The view store did not answer.');
      throw problem('store-unavailable', 'The views cannot be read at the moment.', {
        headers: { 'retry-after': '1' },
      });
    }
  };
  return {
    prediction: (key) => guarded(views.prediction(key)),
    predictions: (query) => guarded(views.predictions(query)),
    stats: (query) => guarded(views.stats(query)),
    quality: (query) => guarded(views.quality(query)),
    labels: (key) => guarded(views.labels(key)),
    waitingLabels: (page) => guarded(views.waitingLabels(page)),
    unrequested: (page) => guarded(views.unrequested(page)),
    model: (key) => guarded(views.model(key)),
    models: (tenant) => guarded(views.models(tenant)),
    checkpoints: (projection) => guarded(views.checkpoints(projection)),
  };
};
