import type { AppendOutcome } from '@hindcast/domain';

/** What this door has let in and the backlog does not count yet. */
export interface Uncounted {
  readonly all: number;
  of(key: string): number;
  /** Predictions that are on their way to the log; a negative number where that is over. */
  add(key: string, items: number): void;
  /** What the log has taken of one append. */
  appended(key: string, outcomes: readonly AppendOutcome[]): void;
  /** The backlog counts more than it did. */
  settle(): void;
}

/** What one append brought into one partition: counted when the last of it is. */
interface Chunk {
  readonly key: string;
  offset: number;
  count: number;
}

/** Chunks of one partition in the order in which the log has answered. One that stands behind a later offset goes with it. */
interface Waiting {
  readonly chunks: Chunk[];
  /** So many of the first are counted. */
  counted: number;
}

export const createUncounted = (countedTo: (partition: number) => number): Uncounted => {
  const partitions = new Map<number, Waiting>();
  const counts = new Map<string, number>();
  let all = 0;

  const add = (key: string, items: number): void => {
    all += items;
    const ofKey = (counts.get(key) ?? 0) + items;
    if (ofKey > 0) counts.set(key, ofKey);
    else counts.delete(key);
  };
  const chunksOf = (partition: number): Chunk[] => {
    const waiting = partitions.get(partition) ?? { chunks: [], counted: 0 };
    partitions.set(partition, waiting);
    return waiting.chunks;
  };

  return {
    get all() {
      return all;
    },
    of: (key) => counts.get(key) ?? 0,
    add,
    appended(key, outcomes) {
      const open = new Map<number, Chunk>();
      for (const outcome of outcomes) {
        if (!outcome.ok) continue;
        const { partition, offset } = outcome.position;
        if (offset < countedTo(partition)) continue;
        const chunk = open.get(partition) ?? { key, offset: 0, count: 0 };
        if (chunk.count === 0) chunksOf(partition).push(chunk);
        open.set(partition, chunk);
        chunk.offset = Math.max(chunk.offset, offset);
        chunk.count += 1;
        add(key, 1);
      }
    },
    settle() {
      for (const [partition, waiting] of partitions) {
        const { chunks } = waiting;
        const next = countedTo(partition);
        for (let first = chunks[waiting.counted]; first && first.offset < next; first = chunks[waiting.counted]) {
          add(first.key, -first.count);
          waiting.counted += 1;
        }
        // Half of them at once: what stays is moved at most once for each that goes.
        if (waiting.counted * 2 <= chunks.length) continue;
        chunks.splice(0, waiting.counted);
        waiting.counted = 0;
      }
    },
  };
};
