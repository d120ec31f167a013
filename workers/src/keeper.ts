import {
  type EventLog,
  type Identity,
  type LogConsumer,
  type Logger,
  type NewRecord,
  type Running,
  TOPICS,
} from '@hindcast/domain';
import { createCaughtUp } from './caught-up.ts';
import { createCommitClock } from './commit-clock.ts';
import { createDurableAppender } from './durable-append.ts';
import { createIndexedHeap } from './indexed-heap.ts';
import type { OpenEntry } from './open-set.ts';
import { createPartitionDesk, type PartitionDesk } from './partition-desk.ts';
import { createAnswers } from './prediction-answers.ts';

export interface KeeperPorts {
  readonly log: EventLog;
  readonly identity: Identity;
  readonly logger?: Logger;
}

export interface KeeperOptions {
  readonly group: string;
  /** Open predictions in memory, over all partitions; a partition that has its share is paused until there is room. */
  readonly openMax?: number;
  /** Longest time that `stop` waits for the log to take expiries. */
  readonly stopMsMax?: number;
}

/** An event further in this process's future means that its clock, or the log's, is wrong: then nothing is expired. */
const clockLagMsMax = 5_000;
const expiriesPerAppendMax = 1_000;
/** Longest delay that a timer takes. */
const timerMsMax = 2_147_483_647;
const resumeBelow = 0.75;

/** Ends what has passed its deadline, whether or not any worker lives. */
export const startKeeper = async (ports: KeeperPorts, options: KeeperOptions): Promise<Running> => {
  const { log, identity, logger } = ports;
  const { now } = identity;
  const { group, openMax = 500_000, stopMsMax = 5_000 } = options;
  const desks = new Map<number, PartitionDesk<never>>();
  const byDeadline = createIndexedHeap<OpenEntry<never>>((entry) => entry.deadlineAt);
  const answers = createAnswers(identity, '/hindcast/keeper');
  const appender = createDurableAppender(log, logger);
  const partitions = (await log.bounds(TOPICS.predictions)).length;
  const caughtUp = createCaughtUp(log, (partition) => desks.get(partition)?.set.next);
  const commits = createCommitClock((partition) => {
    const desk = desks.get(partition);
    if (desk) consumer?.commit(partition, desk.set.committable);
  });
  let consumer: LogConsumer | undefined;
  let timer: NodeJS.Timeout | undefined;
  let timerAt = 0;
  let expiring: Promise<void> | undefined;
  let logTime = 0;
  let toldOfClock = false;
  let stopping = false;

  const arm = () => {
    const first = byDeadline.peek();
    if (!first || stopping || expiring) return;
    const at = Math.max(first.deadlineAt, logTime - clockLagMsMax);
    if (timer && timerAt <= at) return;
    clearTimeout(timer);
    timerAt = at;
    timer = setTimeout(
      () => {
        timer = undefined;
        expiring = expire().finally(() => {
          expiring = undefined;
          arm();
        });
      },
      Math.min(Math.max(0, at - now()), timerMsMax),
    );
  };

  const clockIsPlausible = (): boolean => {
    const behindMs = logTime - now();
    if (behindMs <= clockLagMsMax) {
      toldOfClock = false;
      return true;
    }
    if (!toldOfClock) logger?.error({ behindMs }, 'the clock is behind the time of the log; nothing is expired');
    toldOfClock = true;
    return false;
  };

  const expire = async () => {
    try {
      await readEnds();
    } catch (err) {
      logger?.warn({ err }, 'the log could not be read; what has ended may be expired again');
    }
    while (!stopping && clockIsPlausible()) {
      const due: OpenEntry<never>[] = [];
      const records: NewRecord[] = [];
      for (let first = byDeadline.peek(); first && due.length < expiriesPerAppendMax; first = byDeadline.peek()) {
        if (first.deadlineAt > now()) break;
        byDeadline.remove(first);
        due.push(first);
        records.push(answers.expired(first));
      }
      if (records.length === 0) return;
      const outcomes = await appender.append(TOPICS.predictions, records, (i) => due[i]?.phase === 'open');
      for (const [i, entry] of due.entries()) {
        if (outcomes[i]?.ok) desks.get(entry.partition)?.set.settle(entry);
        else if (entry.phase === 'open') logger?.error({ key: entry.key, err: outcomes[i] }, 'expiry not stored');
      }
    }
  };

  /** What is due may have ended in a part of the log that is not read yet, since this process lags or a set is full. */
  const readEnds = async () => {
    const bounds = await log.bounds(TOPICS.predictions);
    for (const { partition, end } of bounds) {
      const desk = desks.get(partition);
      if (!desk || desk.set.next >= end) continue;
      await desk.lookAhead(end);
      regulate(partition, desk);
    }
  };

  const regulate = (partition: number, desk: PartitionDesk<never>) => {
    const share = Math.max(1, Math.ceil(openMax / Math.max(1, desks.size)));
    if (!desk.paused && desk.set.open >= share) {
      desk.paused = true;
      consumer?.pause(partition);
      if (!desk.ready) void desk.lookAhead(desk.endAtAssignment).then(arm);
    } else if (desk.paused && desk.set.open < share * resumeBelow) {
      desk.paused = false;
      consumer?.resume(partition);
    }
  };

  consumer = await log.consume(
    { topic: TOPICS.predictions, group },
    {
      async onAssigned(partition, committed) {
        const bounds = (await log.bounds(TOPICS.predictions)).find((candidate) => candidate.partition === partition);
        desks.set(
          partition,
          createPartitionDesk<never>({
            partition,
            next: committed ?? bounds?.start ?? 0,
            endAtAssignment: bounds?.end ?? 0,
            filter: { partitions, pools: 'all' },
            payloads: undefined,
            log,
            logger,
            onReady: byDeadline.add,
            onOpened: () => {},
            onClosed(entry) {
              byDeadline.remove(entry);
              const desk = desks.get(partition);
              if (desk?.paused) regulate(partition, desk);
              commits.moved(partition);
            },
          }),
        );
        caughtUp.moved();
        return undefined;
      },
      async onBatch(batch) {
        const desk = desks.get(batch.partition);
        if (!desk || stopping) return;
        logTime = Math.max(logTime, batch.records.at(-1)?.appendedAt ?? 0);
        clockIsPlausible();
        desk.take(batch);
        regulate(batch.partition, desk);
        commits.moved(batch.partition);
        caughtUp.moved();
        arm();
      },
      onRevoked(partition) {
        const desk = desks.get(partition);
        desks.delete(partition);
        commits.forget(partition);
        desk?.close();
        caughtUp.moved();
      },
    },
  );
  for (const [partition, desk] of desks) if (desk.paused) consumer.pause(partition);

  return {
    whenCaughtUp: caughtUp.wait,
    async stop() {
      stopping = true;
      clearTimeout(timer);
      let bound: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => {
        bound = setTimeout(resolve, stopMsMax);
      });
      await Promise.race([expiring, late]);
      clearTimeout(bound);
      appender.giveUp();
      commits.flush(desks.keys());
      await consumer?.stop();
      commits.stop();
    },
  };
};
