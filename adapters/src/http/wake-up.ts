/**
 * Lets one loop sleep until something happens, a time has passed, or its request is over. A call of `wake` while the
 * loop is awake is kept: nothing that happens between a read and the next sleep is missed.
 */
export const wakeUp = (signal: AbortSignal) => {
  let pending = false;
  let resume: (() => void) | undefined;
  const wake = (): void => {
    pending = true;
    resume?.();
  };
  return {
    wake,
    async sleep(ms: number): Promise<void> {
      if (!pending && !signal.aborted) {
        await new Promise<void>((resolve) => {
          const done = () => {
            clearTimeout(timer);
            signal.removeEventListener('abort', done);
            resume = undefined;
            resolve();
          };
          const timer = setTimeout(done, ms);
          signal.addEventListener('abort', done, { once: true });
          resume = done;
        });
      }
      pending = false;
    },
  };
};
