/** Doubles with every failure in a row. */
export const backOffMs = (failures: number, min: number, max: number): number =>
  Math.min(max, min * 2 ** Math.min(failures - 1, 16));

/** A pause that can be cut short. */
export interface Pauses {
  /** Resolves after `ms`, or at the next `wake`; at once where that came since the last pause. */
  pause(ms: number): Promise<void>;
  wake(): void;
}

export const createPauses = (): Pauses => {
  let woken = false;
  let cutShort: (() => void) | undefined;
  return {
    pause: (ms) =>
      new Promise((resolve) => {
        const end = () => {
          clearTimeout(timer);
          cutShort = undefined;
          woken = false;
          resolve();
        };
        const timer = setTimeout(end, ms);
        cutShort = end;
        if (woken) end();
      }),
    wake: () => {
      woken = true;
      cutShort?.();
    },
  };
};

export const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
