/**
 * Runs tasks one after the other, each once what it needs is there: that is made ready ahead of its turn, so that a slow
 * one holds up nobody. undefined for a task that finds `waitingMax` others before it.
 */
export const oneAtATime = (waitingMax: number) => {
  let last: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  return <Ready, T>(ahead: () => Promise<Ready>, task: (ready: Ready) => Promise<T>): Promise<T> | undefined => {
    if (waiting > waitingMax) return undefined;
    waiting += 1;
    const inTurn = (ready: Ready): Promise<T> => {
      const mine = last.then(() => task(ready));
      last = mine.catch(() => {});
      return mine;
    };
    return ahead()
      .then(inTurn)
      .finally(() => {
        waiting -= 1;
      });
  };
};
