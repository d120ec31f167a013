import type { EndedDoc, ResultCache } from '../ports.ts';

/** What a document weighs besides its output: ids, request, history. An estimate, in bytes. */
const docBytesBase = 2_048;

/** The least recently used results go first, once there are more than `entriesMax` or they weigh over `bytesMax`. */
export const createMemoryResultCache = ({
  entriesMax = 20_000,
  bytesMax = 64 * 1024 * 1024,
}: {
  entriesMax?: number;
  bytesMax?: number;
} = {}): ResultCache => {
  // A Map keeps insertion order: its first entry is the one that was used least recently.
  const entries = new Map<string, { doc: EndedDoc; bytes: number }>();
  let bytesHeld = 0;

  const remove = (key: string): void => {
    const entry = entries.get(key);
    if (!entry) return;
    entries.delete(key);
    bytesHeld -= entry.bytes;
  };

  return {
    async get(key) {
      const entry = entries.get(key);
      if (!entry) return undefined;
      entries.delete(key);
      entries.set(key, entry);
      return entry.doc;
    },
    async put(docs) {
      for (const doc of docs) {
        remove(doc.key);
        const bytes = docBytesBase + weigh(doc.state.output, weighDepthMax);
        if (bytes > bytesMax) continue;
        entries.set(doc.key, { doc, bytes });
        bytesHeld += bytes;
      }
      for (const key of entries.keys()) {
        if (entries.size <= entriesMax && bytesHeld <= bytesMax) break;
        remove(key);
      }
    },
    async drop(keys) {
      for (const key of keys) remove(key);
    },
  };
};

const weighDepthMax = 32;
const numberBytes = 8;

/** Roughly the bytes that a JSON value takes, without making its text. */
const weigh = (value: unknown, depthLeft: number): number => {
  if (typeof value === 'string') return 2 * value.length;
  if (typeof value !== 'object' || value === null || depthLeft === 0) return numberBytes;
  let bytes = numberBytes;
  if (Array.isArray(value)) {
    if (typeof value[0] === 'number') return bytes + numberBytes * value.length;
    for (const item of value) bytes += weigh(item, depthLeft - 1);
    return bytes;
  }
  for (const [name, item] of Object.entries(value)) bytes += 2 * name.length + weigh(item, depthLeft - 1);
  return bytes;
};
