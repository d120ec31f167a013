import { setTimeout as delay } from 'node:timers/promises';
import { type EventLog, TOPICS } from '@hindcast/domain';

/** Pause between two looks at the end of the log. */
const lookMs = 250;

/** A log whose stretches do not end where it ends now: a reader waits there for what comes. */
export const followingLog = (log: Pick<EventLog, 'read' | 'bounds'>, signal: AbortSignal): Pick<EventLog, 'read'> => ({
  async *read({ topic, partition, from, to = Number.POSITIVE_INFINITY }) {
    let next = from;
    while (next < to) {
      const bounds = await log.bounds(TOPICS.predictions);
      const end = Math.min(to, bounds.find((one) => one.partition === partition)?.end ?? next);
      if (end <= next) {
        await delay(lookMs, undefined, { signal });
        continue;
      }
      for await (const page of log.read({ topic, partition, from: next, to: end })) {
        signal.throwIfAborted();
        next = (page.at(-1)?.offset ?? next - 1) + 1;
        yield page;
      }
    }
  },
});
