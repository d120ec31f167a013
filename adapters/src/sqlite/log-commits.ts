import type { Topic } from '@hindcast/domain';
import type { LogDatabase } from './log-file.ts';

/** How far the groups have got, kept in memory and written now and then: a commit that is lost only repeats records. */
export interface LogCommits {
  get(topic: Topic, group: string, partition: number): number | undefined;
  set(topic: Topic, group: string, partition: number, next: number): void;
  changed(): boolean;
  /** To be called in a transaction; `saved` says that it was committed. */
  write(): void;
  saved(): void;
}

interface GroupOffsets {
  readonly topic: Topic;
  readonly group: string;
  readonly offsets: Record<number, number>;
}

export const openLogCommits = (db: LogDatabase): LogCommits => {
  const upsert = db.prepare('INSERT OR REPLACE INTO commits (topic, name, offsets) VALUES (?, ?, ?)');
  const byGroup = new Map<string, GroupOffsets>();
  const changed = new Set<GroupOffsets>();
  const keyOf = (topic: Topic, group: string): string => `${topic}/${group}`;

  for (const row of db.prepare('SELECT topic, name, offsets FROM commits').all()) {
    const { topic, name, offsets } = row as { topic: Topic; name: string; offsets: string };
    byGroup.set(keyOf(topic, name), { topic, group: name, offsets: JSON.parse(offsets) });
  }

  return {
    get: (topic, group, partition) => byGroup.get(keyOf(topic, group))?.offsets[partition],
    set: (topic, group, partition, next) => {
      const key = keyOf(topic, group);
      const entry = byGroup.get(key) ?? { topic, group, offsets: {} };
      entry.offsets[partition] = next;
      byGroup.set(key, entry);
      changed.add(entry);
    },
    changed: () => changed.size > 0,
    write: () => {
      for (const { topic, group, offsets } of changed) upsert.run([topic, group, JSON.stringify(offsets)]);
    },
    saved: () => changed.clear(),
  };
};
