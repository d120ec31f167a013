/** Where batches of one projection begin, and may be made to wait. */
export interface FoldGate {
  /** Resolves when a batch may begin, with what is to be called at its end. Rejects where the signal was given. */
  enter(signal: AbortSignal): Promise<() => void>;
  open(): void;
  /** From now on no batch begins. Those under way go on. */
  close(): void;
  /** Resolves when no batch is under way. To be asked of a closed gate. */
  whenEmpty(): Promise<void>;
  /** Lets those who wait look at their signals. */
  wake(): void;
}

/** `whenFresh` resolves, at once where it can, when what closed or opened the gate last is known to be still right. */
export const createFoldGate = (whenFresh: () => Promise<void> | undefined): FoldGate => {
  let closed = true;
  let running = 0;
  let waiting: (() => void)[] = [];
  let emptied: (() => void)[] = [];

  const leave = (): void => {
    running -= 1;
    if (running > 0) return;
    for (const resolve of emptied) resolve();
    emptied = [];
  };

  const wake = (): void => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  return {
    wake,
    async enter(signal) {
      for (;;) {
        signal.throwIfAborted();
        const fresh = whenFresh();
        if (fresh) await fresh;
        else if (closed) await new Promise<void>((resolve) => waiting.push(resolve));
        else break;
      }
      running += 1;
      return leave;
    },
    open() {
      closed = false;
      wake();
    },
    close() {
      closed = true;
    },
    async whenEmpty() {
      if (running > 0) await new Promise<void>((resolve) => emptied.push(resolve));
    },
  };
};
