/** Counts, per model, the predictions in a row that failed because the process running them died. */
export interface CrashLedger {
  /** Answers whether the model has now had enough of them. */
  failed(model: string): boolean;
  succeeded(model: string): void;
}

export const createCrashLedger = (inARowMax: number): CrashLedger => {
  const inARow = new Map<string, number>();
  return {
    failed(model) {
      const count = (inARow.get(model) ?? 0) + 1;
      if (count < inARowMax) {
        inARow.set(model, count);
        return false;
      }
      inARow.delete(model);
      return true;
    },
    succeeded(model) {
      if (inARow.size > 0) inARow.delete(model);
    },
  };
};
