import { showDuration } from '../duration.ts';
import type { Voice } from '../terminal.ts';

export interface MigrationProgress {
  /** A new stretch of work over so many things. */
  begin(what: string, total: number, of: 'records' | 'files'): void;
  advance(count: number): void;
  end(): void;
  note(text: string): void;
}

const showEveryMs = 250;

/** How far it is, how fast it goes and how long it will take, on one line. */
export const createMigrationProgress = (
  voice: Pick<Voice, 'note' | 'progress'>,
  now: () => number,
): MigrationProgress => {
  let what = '';
  let unit = '';
  let total = 0;
  let done = 0;
  let begunAt = 0;
  let shownAt = 0;

  const text = (at: number): string => {
    const perMs = done / Math.max(1, at - begunAt);
    const left = done > 0 && done < total ? `, ${showDuration((total - done) / perMs)} left` : '';
    return `${what}: ${done} of ${total} ${unit}, ${Math.round(perMs * 1_000)} per second${left}`;
  };

  return {
    begin: (name, count, of) => {
      [what, unit, total, done] = [name, of, count, 0];
      begunAt = now();
      shownAt = 0;
    },
    advance: (count) => {
      done += count;
      const at = now();
      if (at - shownAt < showEveryMs) return;
      shownAt = at;
      voice.progress(text(at));
    },
    end: () => voice.progress(text(now()), true),
    note: voice.note,
  };
};
