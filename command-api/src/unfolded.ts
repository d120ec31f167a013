import type { AppendOutcome } from '@hindcast/domain';

/** What this door has accepted and no keeper has told of yet. */
export interface Unfolded {
  readonly all: number;
  of(key: string): number;
  /** Of one append. */
  add(key: string, outcomes: readonly AppendOutcome[]): void;
  /** The keepers have told of everything before these offsets. */
  fold(nextOf: (partition: number) => number): void;
}

/** What one append brought into one partition: folded when the last of it is. */
interface Chunk {
  readonly key: string;
  readonly partition: number;
  offset: number;
  count: number;
}

export const createUnfolded = (): Unfolded => {
  let chunks: Chunk[] = [];
  const counts = new Map<string, number>();
  let nextOf: (partition: number) => number = () => 0;
  let all = 0;

  const count = (key: string, added: number): void => {
    all += added;
    counts.set(key, (counts.get(key) ?? 0) + added);
  };

  return {
    get all() {
      return all;
    },
    of: (key) => counts.get(key) ?? 0,
    add(key, outcomes) {
      const first = chunks.length;
      for (const outcome of outcomes) {
        if (!outcome.ok) continue;
        const { partition, offset } = outcome.position;
        if (offset < nextOf(partition)) continue;
        const chunk = chunkOf(chunks, first, key, partition);
        chunk.offset = Math.max(chunk.offset, offset);
        chunk.count += 1;
        count(key, 1);
      }
    },
    fold(given) {
      nextOf = given;
      chunks = chunks.filter(({ partition, offset }) => offset >= nextOf(partition));
      counts.clear();
      all = 0;
      for (const chunk of chunks) count(chunk.key, chunk.count);
    },
  };
};

/** Among those from `first` on, of which there are no more than partitions. */
const chunkOf = (chunks: Chunk[], first: number, key: string, partition: number): Chunk => {
  for (let at = first; at < chunks.length; at += 1) {
    const chunk = chunks[at];
    if (chunk?.partition === partition) return chunk;
  }
  const chunk = { key, partition, offset: 0, count: 0 };
  chunks.push(chunk);
  return chunk;
};
