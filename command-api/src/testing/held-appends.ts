import { type EventLog, TOPICS } from '@hindcast/domain';

/** The first requests, or all, whose records wait until they are let go in the order in which they came. */
export const heldAppends = (heldMax = Number.POSITIVE_INFINITY) => {
  let letGo = (): void => {};
  const going = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  let held = 0;
  return {
    held: () => held,
    letGo: () => letGo(),
    log: (log: EventLog): EventLog => ({
      ...log,
      async append(topic, records) {
        if (topic === TOPICS.predictions && held < heldMax) {
          held += 1;
          await going;
        }
        return log.append(topic, records);
      },
    }),
  };
};
