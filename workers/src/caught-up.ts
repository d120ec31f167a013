import type { EventLog, Topic } from '@hindcast/domain';

export interface CaughtUp {
  /** Resolves when what the topic holds now is folded, as far as its partitions are this process's. */
  wait(): Promise<void>;
  /** A partition moved, came or went. */
  moved(): void;
}

/** A partition that was not assigned for so long belongs to another member of the group. */
const assignmentMsMax = 5_000;

/** `nextOf`: first offset that is not folded, undefined where the partition is not assigned. */
export const createCaughtUp = (
  log: Pick<EventLog, 'bounds'>,
  topic: Topic,
  nextOf: (partition: number) => number | undefined,
): CaughtUp => {
  const waiters = new Set<() => void>();
  return {
    async wait() {
      const ends = await log.bounds(topic);
      let othersKnown = false;
      const reached = () =>
        ends.every(({ partition, end }) => {
          const next = nextOf(partition);
          return next === undefined ? othersKnown : next >= end;
        });
      if (reached()) return;
      await new Promise<void>((resolve) => {
        const check = () => {
          if (!reached()) return;
          clearTimeout(timer);
          waiters.delete(check);
          resolve();
        };
        const timer = setTimeout(() => {
          othersKnown = true;
          check();
        }, assignmentMsMax);
        waiters.add(check);
      });
    },
    moved() {
      for (const check of waiters) check();
    },
  };
};
