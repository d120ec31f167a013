import type { PredictionDoc } from '@hindcast/domain';
import { keyOf } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

/** Waiting for one prediction. Begins to listen when it is made, so that nothing between two calls is missed. */
export interface Watch {
  /** The first document that satisfies, or undefined when the time is over, the server closes, or `stop` was called. */
  readonly seen: Promise<PredictionDoc | undefined>;
  stop(): void;
}

export interface Watches {
  /** undefined where `waitsMax` waits are under way, or after `stopAll`. */
  watch(id: string, satisfies: (doc: PredictionDoc) => boolean, timeoutMs: number): Watch | undefined;
  /** Ends every wait, so that a closing server need not sit them out. */
  stopAll(): void;
}

/** Reads the newest document: ended ones from the cache, where it has them. */
export const readPrediction = async (
  { ports, tenant }: CommandContext,
  id: string,
): Promise<PredictionDoc | undefined> => {
  const key = keyOf(tenant, id);
  return (await ports.cache.get(key)) ?? ports.views.prediction(key);
};

export const createWatches = (context: CommandContext): Watches => {
  const { ports, limits, tenant } = context;
  const running = new Set<Watch>();
  let closed = false;

  const watch = (id: string, satisfies: (doc: PredictionDoc) => boolean, timeoutMs: number): Watch | undefined => {
    if (closed || running.size >= limits.waitsMax) return undefined;
    let settle: (doc: PredictionDoc | undefined) => void = () => {};
    const seen = new Promise<PredictionDoc | undefined>((resolve) => {
      settle = resolve;
    });
    const end = (doc: PredictionDoc | undefined): void => {
      if (!running.delete(own)) return;
      unsubscribe();
      clearInterval(rereading);
      clearTimeout(timer);
      settle(doc);
    };
    const consider = (doc: PredictionDoc | undefined): void => {
      if (doc && satisfies(doc)) end(doc);
    };
    const unsubscribe = ports.bus.subscribe(keyOf(tenant, id), consider);
    // A store that fails for a moment costs one look, not the wait.
    const reread = (): void => void ports.views.prediction(keyOf(tenant, id)).then(consider, () => {});
    const rereading = setInterval(reread, limits.rereadMs);
    const timer = setTimeout(() => end(undefined), timeoutMs);
    const own: Watch = { seen, stop: () => end(undefined) };
    running.add(own);
    return own;
  };

  return {
    watch,
    stopAll() {
      closed = true;
      for (const one of running) one.stop();
    },
  };
};
