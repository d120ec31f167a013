import type { CompletionBus, Logger } from '../ports.ts';
import type { PredictionDoc } from '../view-store.ts';

type Listener = (doc: PredictionDoc) => void;

/** Notices within one process. A listener that throws is reported and hurts nobody else. */
export const createMemoryCompletionBus = ({ logger }: { logger?: Logger } = {}): CompletionBus => {
  const listeners = new Map<string, readonly Listener[]>();

  const tell = (listener: Listener, doc: PredictionDoc): void => {
    try {
      listener(doc);
    } catch (error) {
      logger?.error({ err: error, key: doc.key }, 'A completion listener threw.');
    }
  };

  return {
    publish(docs) {
      if (listeners.size === 0) return;
      for (const doc of docs) {
        const interested = listeners.get(doc.key);
        if (interested) for (const listener of interested) tell(listener, doc);
      }
    },
    subscribe(key, listener) {
      // A subscription is its own object, so that one function may subscribe twice and each leave alone.
      const own: Listener = (doc) => listener(doc);
      listeners.set(key, [...(listeners.get(key) ?? []), own]);
      return () => {
        const rest = (listeners.get(key) ?? []).filter((other) => other !== own);
        if (rest.length === 0) listeners.delete(key);
        else listeners.set(key, rest);
      };
    },
  };
};
