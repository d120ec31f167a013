import { type EventLog, TOPICS } from '@hindcast/domain';

/** Requests whose records wait, all that come, until they are let go in the order in which they came. */
export const heldAppends = () => {
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
        if (topic === TOPICS.predictions) {
          held += 1;
          await going;
        }
        return log.append(topic, records);
      },
    }),
  };
};
