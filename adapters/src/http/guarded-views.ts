import type { Logger, ViewReader } from '@hindcast/domain';
import { problem } from './problem.ts';

/** All requests of the time of a fault would say the same. */
const quietMs = 10_000;

/** The views, where a store that does not answer is a 503 of its own instead of an error of ours. */
export const guardedViews = (views: ViewReader, logger: Logger): ViewReader => {
  let toldAt = Number.NEGATIVE_INFINITY;
  const tell = (err: unknown): void => {
    if (performance.now() - toldAt < quietMs) return;
    toldAt = performance.now();
    logger.warn({ err }, 'The views cannot be read; requests that need them get 503.');
  };
  const guarded = async <T>(reading: Promise<T>): Promise<T> => {
    try {
      return await reading;
    } catch (error) {
      tell(error);
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
