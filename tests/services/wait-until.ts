import { setTimeout as pause } from 'node:timers/promises';

/** Who is asked has work to do, on a machine that is busy with it. */
const pollMsDefault = 100;

/**
 * Asks again every `pollMs` until the answer is yes. An answer that throws counts as no. Refuses after `timeoutMs` with the
 * last error.
 */
export const waitUntil = async (
  what: string | (() => string),
  timeoutMs: number,
  holds: () => Promise<boolean> | boolean,
  pollMs = pollMsDefault,
): Promise<void> => {
  const end = Date.now() + timeoutMs;
  for (;;) {
    let cause: unknown;
    try {
      if (await holds()) return;
    } catch (error) {
      cause = error;
    }
    if (Date.now() >= end)
      throw new Error(`Not within ${timeoutMs} ms: ${typeof what === 'string' ? what : what()}.`, { cause });
    await pause(pollMs);
  }
};
