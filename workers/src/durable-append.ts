import { type AppendOutcome, type EventLog, LogError, type Logger, type NewRecord, type Topic } from '@hindcast/domain';

export interface DurableAppender {
  /** Records that are on their way, those that wait for another try included. */
  readonly pending: number;
  /**
   * Appends until the log has taken or finally refused each record; only `unavailable` is tried again. `wanted` is asked
   * before each further try: what nobody wants any more is given up.
   */
  append(topic: Topic, records: readonly NewRecord[], wanted?: (index: number) => boolean): Promise<AppendOutcome[]>;
  /** Lets what is under way end; nothing is tried again. */
  giveUp(): void;
}

/** First and longest pause between two tries, in ms. */
const retryMsMin = 50;
const retryMsMax = 5_000;

export const createDurableAppender = (log: EventLog, logger?: Logger): DurableAppender => {
  let pending = 0;
  let stopped = false;
  const sleepers = new Set<() => void>();

  const pause = (ms: number) =>
    new Promise<void>((resolve) => {
      const wake = () => {
        clearTimeout(timer);
        sleepers.delete(wake);
        resolve();
      };
      const timer = setTimeout(wake, ms);
      sleepers.add(wake);
    });

  const attempt = async (topic: Topic, records: readonly NewRecord[]): Promise<AppendOutcome[]> => {
    try {
      return await log.append(topic, records);
    } catch (cause) {
      const error =
        cause instanceof LogError ? cause : new LogError('unavailable', 'The log did not take the records.', { cause });
      return records.map(() => ({ ok: false, error }));
    }
  };

  /** Tries the refused ones again, in their order, until none of them can gain by it. */
  const persist = async (
    topic: Topic,
    records: readonly NewRecord[],
    outcomes: AppendOutcome[],
    wanted: (index: number) => boolean,
  ) => {
    for (let pauseMs = retryMsMin; ; pauseMs = Math.min(pauseMs * 2, retryMsMax)) {
      const again = outcomes.flatMap((outcome, index) => (isPassing(outcome) && wanted(index) ? [index] : []));
      if (again.length === 0 || stopped) return;
      logger?.warn({ records: again.length, pauseMs }, 'the log is unavailable; trying again');
      await pause(pauseMs);
      if (stopped) return;
      const retried = await attempt(
        topic,
        again.map((index) => records[index] as NewRecord),
      );
      again.forEach((index, at) => {
        outcomes[index] = retried[at] as AppendOutcome;
      });
    }
  };

  return {
    get pending() {
      return pending;
    },
    async append(topic, records, wanted = () => true) {
      pending += records.length;
      try {
        const outcomes = await attempt(topic, records);
        if (outcomes.some(isPassing)) await persist(topic, records, outcomes, wanted);
        return outcomes;
      } finally {
        pending -= records.length;
      }
    },
    giveUp() {
      stopped = true;
      for (const wake of sleepers) wake();
    },
  };
};

const isPassing = (outcome: AppendOutcome): boolean => !outcome.ok && outcome.error.code === 'unavailable';
