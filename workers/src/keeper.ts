import {
  type Backlog,
  type EventLog,
  type Identity,
  type Logger,
  type NewRecord,
  type PartitionBacklog,
  type Running,
  type TerminalStatus,
  TOPICS,
} from '@hindcast/domain';
import { createDoorCounts } from './door-counts.ts';
import { createDurableAppender } from './durable-append.ts';
import { createIndexedHeap } from './indexed-heap.ts';
import { createOpenCounts } from './open-counts.ts';
import type { OpenEntry } from './open-set.ts';
import { createPartitionDesks, openSetMaxDefault } from './partition-desks.ts';
import { createAnswers } from './prediction-answers.ts';
import { settledWithin } from './settled-within.ts';

export interface KeeperPorts {
  readonly log: EventLog;
  readonly identity: Identity;
  readonly logger?: Logger;
  /** Why nobody runs what asks for this version, undefined where nothing is known to be in the way. */
  readonly heldBy?: (asked: AskedVersion) => Promise<string | undefined>;
  /** Told of each end once, by the one process that has the partition. Counting is all that it may do. */
  readonly onEnded?: (model: string, outcome: TerminalStatus) => void;
}

export interface AskedVersion {
  readonly tenant: string;
  readonly model: string;
  readonly version: number;
  readonly sha256: string;
}

export interface KeeperOptions {
  readonly group: string;
  /** Open predictions in memory, over all partitions; a partition that has its share is paused until there is room. */
  readonly openMax?: number;
  /** Longest time that `stop` waits for the log to take expiries. */
  readonly stopMsMax?: number;
}

/** Every open prediction of every model passes here, whether or not a worker lives: the keeper can tell how many there are. */
export type Keeper = Running &
  Pick<Backlog, 'open' | 'openOf' | 'countedTo'> & {
    stats(): KeeperStats;
    /**
     * What the doors need to know of the partitions that are here. One whose past is not folded yet is left out: of it
     * the keeper knows too few.
     */
    backlogs(): readonly PartitionBacklog[];
  };

export interface KeeperStats {
  readonly partitions: number;
  readonly paused: number;
}

/** An event further in this process's future means that its clock, or the log's, is wrong: then nothing is expired. */
const clockLagMsMax = 5_000;
const expiriesPerAppendMax = 1_000;
/** An expiry waits this long for its reason, then it does without. */
const reasonMsMax = 1_000;
/** Longest delay that a timer takes. */
const timerMsMax = 2_147_483_647;

/** Ends what has passed its deadline, whether or not any worker lives. */
export const startKeeper = async (ports: KeeperPorts, options: KeeperOptions): Promise<Keeper> => {
  const { log, identity, logger } = ports;
  const { now } = identity;
  const { group, openMax = openSetMaxDefault, stopMsMax = 5_000 } = options;
  const byDeadline = createIndexedHeap<OpenEntry<never>>((entry) => entry.deadlineAt);
  const counts = createOpenCounts(({ model }) => model);
  const doors = createDoorCounts();
  const answers = createAnswers(identity, '/hindcast/keeper');
  const appender = createDurableAppender(log, logger);
  const places = await log.bounds(TOPICS.predictions);
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
      for (let first = byDeadline.peek(); first && due.length < expiriesPerAppendMax; first = byDeadline.peek()) {
        if (first.deadlineAt > now()) break;
        byDeadline.remove(first);
        due.push(first);
      }
      if (due.length === 0) return;
      const reasons = await reasonsOf(due);
      const records = due.map((entry): NewRecord => answers.expired(entry, reasons.get(versionKey(entry))));
      const outcomes = await appender.append(TOPICS.predictions, records, (i) => due[i]?.phase === 'open');
      for (const [i, entry] of due.entries()) {
        if (outcomes[i]?.ok) desks.settle(entry);
        else if (entry.phase === 'open') logger?.error({ key: entry.key, err: outcomes[i] }, 'expiry not stored');
      }
    }
  };

  /** Each version is asked about once: what is late together is often late for one reason. */
  const reasonsOf = async (entries: readonly OpenEntry<never>[]): Promise<ReadonlyMap<string, string>> => {
    const reasons = new Map<string, string>();
    const { heldBy } = ports;
    if (!heldBy) return reasons;
    const asked = new Map(entries.map((entry) => [versionKey(entry), entry]));
    const asking = [...asked].map(async ([key, { tenant, fold }]) => {
      const { model, version, sha256 } = fold.request;
      const reason = await heldBy({ tenant, model, version, sha256 }).catch(() => undefined);
      if (reason !== undefined) reasons.set(key, reason);
    });
    await settledWithin(Promise.all(asking), reasonMsMax);
    return reasons;
  };

  /** What is due may have ended in a part of the log that is not read yet, since this process lags or a set is full. */
  const readEnds = async () => {
    const bounds = await log.bounds(TOPICS.predictions);
    for (const { partition, end } of bounds) {
      const desk = desks.all.get(partition);
      if (!desk || desk.set.next >= end) continue;
      await desk.lookAhead(end);
      desks.regulate(partition, desk);
    }
  };

  const desks = createPartitionDesks<never>({
    ...{
      log,
      logger,
      group,
      openMax,
      filter: { partitions: places.length, pools: 'all', imported: true },
      payloads: undefined,
    },
    onReady: byDeadline.add,
    onOpened(entry) {
      counts.opened(entry);
      doors.opened(entry);
    },
    onClosed(entry) {
      counts.closed(entry);
      doors.closed(entry);
      byDeadline.remove(entry);
    },
    onEnded: ({ fold }, outcome) => ports.onEnded?.(fold.request.model, outcome),
    onFull: (_partition, desk) => void desk.lookAhead(desk.endAtAssignment).then(arm),
    onTaken({ records }) {
      logTime = Math.max(logTime, records.at(-1)?.appendedAt ?? 0);
      clockIsPlausible();
      arm();
    },
    stopping: () => stopping,
  });
  await desks.start();

  return {
    whenCaughtUp: desks.whenCaughtUp,
    open: () => counts.open,
    openOf: counts.of,
    countedTo: (partition) => desks.all.get(partition)?.set.next ?? 0,
    stats: () => ({ partitions: desks.all.size, paused: desks.paused }),
    backlogs: () =>
      places.flatMap(({ logId, epoch, partition }) => {
        const desk = desks.all.get(partition);
        if (!desk?.ready) return [];
        const { next, open } = desk.set;
        return { logId, epoch, partition, next, open, ...doors.of(partition) };
      }),
    async stop() {
      stopping = true;
      clearTimeout(timer);
      await settledWithin(expiring, stopMsMax);
      appender.giveUp();
      await desks.stop();
    },
  };
};

const versionKey = ({ tenant, fold }: OpenEntry<never>): string =>
  `${tenant}/${fold.request.model}@${fold.request.version}`;
