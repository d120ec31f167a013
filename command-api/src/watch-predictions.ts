import { keyOf, type PredictionDoc } from '@hindcast/domain';
import type { CommandContext } from './command-ports.ts';

/** Waiting for predictions. Begins to listen when it is made, so that nothing between two calls is missed. */
export interface Watch<Seen> {
  /** Resolves when everything satisfied, the time is over, the server closes, or `stop` was called; never rejects. */
  readonly seen: Promise<Seen>;
  stop(): void;
}

type Satisfies = (doc: PredictionDoc) => boolean;
/** The first document of each prediction that satisfied, by id. */
type SeenAll = ReadonlyMap<string, PredictionDoc>;

export interface Watches {
  /** undefined where `waitsMax` waits are under way, or after `stopAll`. */
  watch(id: string, satisfies: Satisfies, timeoutMs: number): Watch<PredictionDoc | undefined> | undefined;
  watchAll(ids: readonly string[], satisfies: Satisfies, timeoutMs: number): Watch<SeenAll> | undefined;
  /** Ends every wait, so that a closing server need not sit them out. */
  stopAll(): void;
}

export const createWatches = (context: CommandContext): Watches => {
  const { ports, limits, tenant } = context;
  const running = new Set<() => void>();
  let closed = false;

  const watchAll = (ids: readonly string[], satisfies: Satisfies, timeoutMs: number): Watch<SeenAll> | undefined => {
    if (closed || running.size >= limits.waitsMax) return undefined;
    const docs = new Map<string, PredictionDoc>();
    const subscriptions = new Map<string, () => void>();
    let settle: (seen: SeenAll) => void = () => {};
    const seen = new Promise<SeenAll>((resolve) => {
      settle = resolve;
    });
    const stop = (): void => {
      if (!running.delete(stop)) return;
      for (const unsubscribe of subscriptions.values()) unsubscribe();
      clearInterval(rereading);
      clearTimeout(timer);
      settle(docs);
    };
    const consider = (doc: PredictionDoc | undefined): void => {
      if (!doc || docs.has(doc.id) || !satisfies(doc)) return;
      docs.set(doc.id, doc);
      subscriptions.get(doc.id)?.();
      subscriptions.delete(doc.id);
      if (subscriptions.size === 0) stop();
    };
    // A store that fails for a moment costs one look, not the wait.
    const reread = async (): Promise<void> => {
      for (const id of [...subscriptions.keys()]) {
        if (running.has(stop)) await ports.views.prediction(keyOf(tenant, id)).then(consider, () => {});
      }
    };
    for (const id of ids) subscriptions.set(id, ports.bus.subscribe(keyOf(tenant, id), consider));
    const rereading = setInterval(() => void reread(), limits.rereadMs);
    const timer = setTimeout(stop, timeoutMs);
    running.add(stop);
    return { seen, stop };
  };

  return {
    watchAll,
    watch(id, satisfies, timeoutMs) {
      const all = watchAll([id], satisfies, timeoutMs);
      return all && { seen: all.seen.then((docs) => docs.get(id)), stop: all.stop };
    },
    stopAll() {
      closed = true;
      for (const stop of running) stop();
    },
  };
};
