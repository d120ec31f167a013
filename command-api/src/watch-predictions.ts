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

interface RunningWatch {
  readonly reread: () => Promise<void>;
  /** Whether it was there at a round. */
  isOld: boolean;
}

export const createWatches = (context: CommandContext): Watches => {
  const { ports, limits, tenant } = context;
  /** By what stops them. */
  const running = new Map<() => void, RunningWatch>();
  let rereading: NodeJS.Timeout | undefined;
  let closed = false;

  /** One round for all: what their reads have in common the store is asked once. A wait that has just begun sits one out. */
  const rereadAll = (): void => {
    for (const watch of running.values()) {
      if (watch.isOld) void watch.reread();
      watch.isOld = true;
    }
  };
  const begin = (stop: () => void, reread: () => Promise<void>): void => {
    running.set(stop, { reread, isOld: false });
    rereading ??= setInterval(rereadAll, limits.rereadMs);
  };
  /** false where it had ended before. */
  const end = (stop: () => void): boolean => {
    const ended = running.delete(stop);
    if (running.size === 0) {
      clearInterval(rereading);
      rereading = undefined;
    }
    return ended;
  };

  const watchAll = (ids: readonly string[], satisfies: Satisfies, timeoutMs: number): Watch<SeenAll> | undefined => {
    if (closed || running.size >= limits.waitsMax) return undefined;
    const docs = new Map<string, PredictionDoc>();
    const subscriptions = new Map<string, () => void>();
    let settle: (seen: SeenAll) => void = () => {};
    const seen = new Promise<SeenAll>((resolve) => {
      settle = resolve;
    });
    const stop = (): void => {
      if (!end(stop)) return;
      for (const unsubscribe of subscriptions.values()) unsubscribe();
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
    const timer = setTimeout(stop, timeoutMs);
    begin(stop, reread);
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
      for (const stop of running.keys()) stop();
    },
  };
};
