import { setTimeout as pause } from 'node:timers/promises';

const pollMs = 50;

/** Asks again until the answer is yes. An answer that throws counts as no. Refuses after `timeoutMs` with the last error. */
export const waitUntil = async (
  what: string,
  timeoutMs: number,
  holds: () => Promise<boolean> | boolean,
): Promise<void> => {
  const end = Date.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= end) throw new Error(`Not within ${timeoutMs} ms: ${what}.`, { cause });
    await pause(pollMs);
  }
};
