import type { Logger } from '@hindcast/domain';
import { totalLag, viewLag } from '@hindcast/query-api';
import { showDuration } from '../duration.ts';
import type { Ports } from '../parts/ports.ts';
import { silentMsMax } from '../while-waiting.ts';

/** A start that brings the views back from a long log takes minutes, in which nothing else is seen of it. */
export const tellFolding = async <T>(
  start: Promise<T>,
  { log, views }: Pick<Ports, 'log' | 'views'>,
  logger: Logger,
  everyMs = silentMsMax,
): Promise<T> => {
  let first: { readonly left: number; readonly at: number } | undefined;
  const tell = async (): Promise<void> => {
    const left = totalLag(await viewLag(log, views.reader, 'prediction-status'));
    if (left === 0) return;
    first ??= { left, at: performance.now() };
    const perMs = (first.left - left) / (performance.now() - first.at);
    const time = perMs > 0 ? `, ${showDuration(left / perMs)} to go` : '';
    logger.warn({}, `Still folding the log into the views: ${left} records are left${time}.`);
  };
  const timer = setInterval(() => {
    tell().catch((err: unknown) => logger.warn({ err }, 'It cannot be told how far the views are.'));
  }, everyMs);
  try {
    return await start;
  } finally {
    clearInterval(timer);
  }
};
