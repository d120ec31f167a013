import { type EventLog, type LogConsumer, type Logger, type RecordBatch, TOPICS } from '@hindcast/domain';
import { createCaughtUp } from './caught-up.ts';
import { createCommitClock } from './commit-clock.ts';
import type { OpenEntry } from './open-set.ts';
import { createPartitionDesk, type DeskOptions, type PartitionDesk } from './partition-desk.ts';

export interface PartitionDesksOptions<J>
  extends Pick<DeskOptions<J>, 'filter' | 'payloads' | 'onReady' | 'onOpened' | 'onEnded'> {
  readonly log: EventLog;
  readonly logger: Logger | undefined;
  readonly group: string;
  /** Open predictions in memory, over all partitions; a partition that has its share is paused until there is room. */
  readonly openMax: number;
  onClosed(entry: OpenEntry<J>): void;
  /** A partition is paused, and what lies behind its full set is not known yet. */
  onFull(partition: number, desk: PartitionDesk<J>): void;
  /** A batch was filed. */
  onTaken(batch: RecordBatch): void;
  /** true: nothing more is filed. */
  stopping(): boolean;
}

/** The desks of all partitions that this process has: assigned, filled, paused, committed and taken away by the log. */
export interface PartitionDesks<J> {
  readonly all: ReadonlyMap<number, PartitionDesk<J>>;
  /** How many of them are paused. */
  readonly paused: number;
  start(): Promise<void>;
  /** Pauses a partition that has its share, and resumes one that has room again. */
  regulate(partition: number, desk: PartitionDesk<J>): void;
  settle(entry: OpenEntry<J>): void;
  whenCaughtUp(): Promise<void>;
  /** Commits what may be committed, and lets go of the partitions. */
  stop(): Promise<void>;
}

/** A paused partition goes on when this part of its share is open. */
const resumeBelow = 0.75;

/** Keys fall unevenly on the partitions, and doors that come or die may for a moment let in more than they should. */
const unevenness = 4;
const spareMax = 40_000;

/**
 * Room for everything that a door lets in which keeps to `acceptedMax` open predictions. A partition that must be paused
 * holds up all models, and deadlines too: it is there to save the memory of a process that is handed more by others.
 */
export const openSetMaxOf = (acceptedMax: number): number => unevenness * acceptedMax + spareMax;

/** As the door has it when nobody says another. */
export const openSetMaxDefault = openSetMaxOf(100_000);

export const createPartitionDesks = <J>(options: PartitionDesksOptions<J>): PartitionDesks<J> => {
  const { log, logger, group, openMax, filter, payloads, onReady, onOpened, onEnded } = options;
  const desks = new Map<number, PartitionDesk<J>>();
  let consumer: LogConsumer | undefined;
  let toldOfFullSet = false;
  const caughtUp = createCaughtUp(log, TOPICS.predictions, (partition) => desks.get(partition)?.set.next);
  const commits = createCommitClock((partition) => {
    const desk = desks.get(partition);
    if (desk) consumer?.commit(partition, desk.set.committable);
  });

  const tellOfFullSet = (partition: number, open: number) => {
    if (toldOfFullSet) return;
    toldOfFullSet = true;
    logger?.warn({ group, partition, open, openMax }, fullSet);
  };
  const regulate = (partition: number, desk: PartitionDesk<J>): void => {
    const share = Math.max(1, Math.ceil(openMax / Math.max(1, desks.size)));
    if (!desk.paused && desk.set.open >= share) {
      desk.paused = true;
      tellOfFullSet(partition, desk.set.open);
      consumer?.pause(partition);
      if (!desk.ready) options.onFull(partition, desk);
    } else if (desk.paused && desk.set.open < share * resumeBelow) {
      desk.paused = false;
      consumer?.resume(partition);
    }
  };
  const onClosed = (entry: OpenEntry<J>): void => {
    options.onClosed(entry);
    const desk = desks.get(entry.partition);
    if (desk?.paused) regulate(entry.partition, desk);
    commits.moved(entry.partition);
  };

  return {
    all: desks,
    get paused() {
      let paused = 0;
      for (const desk of desks.values()) if (desk.paused) paused += 1;
      return paused;
    },
    regulate,
    settle: (entry) => desks.get(entry.partition)?.set.settle(entry),
    whenCaughtUp: caughtUp.wait,
    async start() {
      consumer = await log.consume(
        { topic: TOPICS.predictions, group },
        {
          async onAssigned(partition, committed) {
            const bounds = (await log.bounds(TOPICS.predictions)).find((one) => one.partition === partition);
            const [next, endAtAssignment] = [committed ?? bounds?.start ?? 0, bounds?.end ?? 0];
            const place = { partition, next, endAtAssignment };
            const desk = { ...place, filter, payloads, log, logger, onReady, onOpened, onClosed, onEnded };
            desks.set(partition, createPartitionDesk<J>(desk));
            caughtUp.moved();
            return undefined;
          },
          async onBatch(batch) {
            const desk = desks.get(batch.partition);
            if (!desk || options.stopping()) return;
            desk.take(batch);
            regulate(batch.partition, desk);
            commits.moved(batch.partition);
            caughtUp.moved();
            options.onTaken(batch);
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
      // A partition may have filled up before there was a consumer to pause it.
      for (const [partition, desk] of desks) if (desk.paused) consumer.pause(partition);
    },
    async stop() {
      commits.flush(desks.keys());
      await consumer?.stop();
      commits.stop();
    },
  };
};

const fullSet =
  'More predictions are open than fit into memory: a partition is paused, and what lies behind waits, whatever its model ' +
  'or deadline. Let them end (resume paused models, add workers, cancel), and accept fewer at once.';
