import { byUtf8 } from '../key-order.ts';
import type { Checkpoint, ViewStore } from '../view-store.ts';

const scanPageMax = 500;

export interface MemoryViewStore<Doc extends { readonly key: string; readonly pos: number }> extends ViewStore<Doc> {
  readonly docs: ReadonlyMap<string, Doc>;
}

export const createMemoryViewStore = <
  Doc extends { readonly key: string; readonly pos: number },
>(): MemoryViewStore<Doc> => {
  const docs = new Map<string, Doc>();
  const checkpoints = new Map<number, Checkpoint>();

  return {
    docs,
    async load(keys) {
      const found = new Map<string, Doc>();
      for (const key of keys) {
        const doc = docs.get(key);
        if (doc) found.set(key, doc);
      }
      return found;
    },
    async save(writes, checkpoint) {
      const lost: string[] = [];
      for (const { doc, base } of writes) {
        if (docs.get(doc.key)?.pos === base) docs.set(doc.key, doc);
        else lost.push(doc.key);
      }
      if (checkpoint && lost.length === 0) {
        const stored = checkpoints.get(checkpoint.partition);
        if (!stored || advances(stored, checkpoint)) checkpoints.set(checkpoint.partition, checkpoint);
      }
      return lost;
    },
    checkpoints: async () => [...checkpoints.values()].sort((a, b) => a.partition - b.partition),
    async *scan() {
      const keys = [...docs.keys()].sort(byUtf8);
      for (let from = 0; from < keys.length; from += scanPageMax) {
        const page = keys.slice(from, from + scanPageMax).map((key) => docs.get(key));
        yield page.filter((doc) => doc !== undefined).map((doc) => ({ key: doc.key, doc: () => doc }));
      }
    },
  };
};

const advances = (stored: Checkpoint, next: Checkpoint): boolean =>
  stored.logId !== next.logId || stored.epoch !== next.epoch || stored.next <= next.next;
