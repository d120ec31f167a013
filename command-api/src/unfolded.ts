import type { AppendOutcome } from '@hindcast/domain';

/** What this door has accepted and no keeper has told of yet. */
export interface Unfolded {
  readonly all: number;
  of(key: string): number;
  add(key: string, outcomes: readonly AppendOutcome[]): void;
  /** The keepers have told of everything before these offsets. */
  fold(nextOf: (partition: number) => number): void;
}

/** Accepted of one model into one partition between two readings: folded when the last of them is. */
interface Chunk {
  readonly key: string;
  readonly partition: number;
  offset: number;
  count: number;
}

export const createUnfolded = (): Unfolded => {
  let chunks: Chunk[] = [];
  /** Those that still grow, by key and partition. */
  const growing = new Map<string, (Chunk | undefined)[]>();
  const counts = new Map<string, number>();
  let nextOf: (partition: number) => number = () => 0;
  let all = 0;

  return {
    get all() {
      return all;
    },
    of: (key) => counts.get(key) ?? 0,
    add(key, outcomes) {
      let added = 0;
      for (const outcome of outcomes) {
        if (!outcome.ok) continue;
        const { partition, offset } = outcome.position;
        if (offset < nextOf(partition)) continue;
        const places = growing.get(key) ?? [];
        growing.set(key, places);
        const chunk = places[partition] ?? { key, partition, offset, count: 0 };
        if (chunk.count === 0) {
          places[partition] = chunk;
          chunks.push(chunk);
        }
        chunk.offset = Math.max(chunk.offset, offset);
        chunk.count += 1;
        added += 1;
      }
      if (added === 0) return;
      all += added;
      counts.set(key, (counts.get(key) ?? 0) + added);
    },
    fold(given) {
      nextOf = given;
      growing.clear();
      chunks = chunks.filter(({ partition, offset }) => offset >= nextOf(partition));
      counts.clear();
      all = 0;
      for (const { key, count } of chunks) {
        all += count;
        counts.set(key, (counts.get(key) ?? 0) + count);
      }
    },
  };
};
