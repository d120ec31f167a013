/** What has to be undone, in the opposite order, when a start fails or the process ends. */
export interface UndoStack {
  push(step: () => Promise<unknown>): void;
  /** The part itself; it is stopped with the rest. */
  keep<Part extends { stop(): Promise<unknown> }>(part: Part): Part;
  /** Goes on after a step that fails, and rejects with the first failure. */
  undo(): Promise<void>;
}

export const createUndoStack = (): UndoStack => {
  const steps: (() => Promise<unknown>)[] = [];
  return {
    push: (step) => void steps.push(step),
    keep(part) {
      steps.push(() => part.stop());
      return part;
    },
    async undo() {
      const failures: unknown[] = [];
      for (const step of steps.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
};
