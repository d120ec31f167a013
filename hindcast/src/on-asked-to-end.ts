/** A terminal signals all processes of a group, and npm passes on what it is sent: the same wish comes twice at once. */
const echoMs = 1_000;
export const endSignals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Calls `end` at the first signal that asks the process to end, and `giveUp` at one that comes a second later and more:
 * somebody does not want to wait. The answer takes the listeners away.
 */
export const onAskedToEnd = (end: (signal: string) => void, giveUp: (signal: string) => void): (() => void) => {
  let askedAt: number | undefined;
  const hear = (signal: string): void => {
    const now = performance.now();
    if (askedAt === undefined) {
      askedAt = now;
      end(signal);
    } else if (now - askedAt >= echoMs) giveUp(signal);
  };
  // They stay: without a listener for a moment, an echo in that moment would kill the process.
  for (const signal of endSignals) process.on(signal, hear);
  return () => {
    for (const signal of endSignals) process.off(signal, hear);
  };
};
