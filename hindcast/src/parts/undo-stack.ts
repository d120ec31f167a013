/** What has to be undone, in the opposite order, when a start fails or the process ends. */
export interface UndoStack {
  /** A step that comes after `undo` is taken at once: a start that was given up may still be opening something. */
  push(step: () => Promise<unknown>): void;
  /** The part itself; it is stopped with the rest. */
  keep<Part extends { stop(): Promise<unknown> }>(part: Part): Part;
  /** Goes on after a step that fails, and rejects with the first failure. */
  undo(): Promise<void>;
}

export const createUndoStack = (): UndoStack => {
  const steps: (() => Promise<unknown>)[] = [];
  let isUndone = false;
  const push = (step: () => Promise<unknown>): void => {
    if (isUndone) void step().catch(() => {});
    else steps.push(step);
  };
  return {
    push,
    keep(part) {
      push(() => part.stop());
      return part;
    },
    async undo() {
      isUndone = true;
      const failures: unknown[] = [];
      for (const step of steps.splice(0).reverse()) await step().catch((error: unknown) => failures.push(error));
      if (failures.length > 0) throw failures[0];
    },
  };
};
