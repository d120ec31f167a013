/** Somebody who waits also looks by himself this often, for progress that other processes make. */
const lookAgainMs = 250;

export interface ProgressWaiters {
  /** Resolves when `reached` answers true, rejects when it does or after `fail`. */
  until(reached: () => Promise<boolean>): Promise<void>;
  check(): void;
  fail(error: Error): void;
}

/** People who wait for progress: asked again at every step, and on a timer only while somebody waits. */
export const createProgressWaiters = (): ProgressWaiters => {
  const waiting = new Set<{ readonly look: () => void; readonly reject: (error: Error) => void }>();

  return {
    async until(reached) {
      if (await reached()) return;
      await new Promise<void>((resolve, reject) => {
        const timer = setInterval(() => waiter.look(), lookAgainMs);
        const settle = (end: () => void): void => {
          clearInterval(timer);
          waiting.delete(waiter);
          end();
        };
        const waiter = {
          look: () =>
            void reached().then(
              (done) => done && settle(resolve),
              (error) => settle(() => reject(error)),
            ),
          reject: (error: Error) => settle(() => reject(error)),
        };
        waiting.add(waiter);
        waiter.look();
      });
    },
    check() {
      for (const { look } of waiting) look();
    },
    fail(error) {
      for (const { reject } of waiting) reject(error);
    },
  };
};
