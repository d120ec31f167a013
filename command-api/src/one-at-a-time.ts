/**
 * Runs tasks one after the other. undefined for a task that finds `waitingMax` others before it.
 */
export const oneAtATime = (waitingMax: number) => {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return <T>(task: () => Promise<T>): Promise<T> | undefined => {
    if (waiting > waitingMax) return undefined;
    waiting += 1;
    const mine = last.then(task).finally(() => {
      waiting -= 1;
    });
    last = mine.catch(() => {});
    return mine;
  };
};
