/** Items that cannot be worked on now, and when to look at them again. */
export interface WaitingRoom<T> {
  /** Items that wait; those that were taken are not counted. */
  readonly size: number;
  /** Each further wait of an item that was not deleted is longer. */
  put(item: T, now: number): void;
  has(item: T): boolean;
  /** It is done with: a later wait starts short again. */
  delete(item: T): void;
  /** Items whose time has come. */
  take(now: number): T[];
}

/** Shortest and longest wait, in ms. */
const waitMsMin = 100;
const waitMsMax = 5_000;

export const createWaitingRoom = <T>(): WaitingRoom<T> => {
  const waiting = new Map<T, number>();
  const lastWaitMs = new Map<T, number>();
  return {
    get size() {
      return waiting.size;
    },
    put(item, now) {
      const waitMs = Math.min((lastWaitMs.get(item) ?? waitMsMin / 2) * 2, waitMsMax);
      lastWaitMs.set(item, waitMs);
      waiting.set(item, now + waitMs);
    },
    has: (item) => waiting.has(item),
    delete(item) {
      waiting.delete(item);
      lastWaitMs.delete(item);
    },
    take(now) {
      const due: T[] = [];
      for (const [item, until] of waiting) if (until <= now) due.push(item);
      for (const item of due) waiting.delete(item);
      return due;
    },
  };
};
