import type { ConsumerHandlers, LogConsumer, Subscription, Topic } from '@hindcast/domain';
import { batchRecordsMax, type ConsumerFailure } from '@hindcast/domain/in-memory';
import type { KafkaLogBounds } from './event-log-options.ts';
import type { FarewellPatience } from './farewell-patience.ts';
import { type GroupHost, joinGroup } from './group-membership.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { PartitionEnds } from './partition-ends.ts';
import { createSeat, type HandlerSilence, type Seat } from './partition-seat.ts';
import { createSeatFetcher } from './seat-fetcher.ts';
import type { TroubleLog } from './trouble-log.ts';

export interface KafkaConsumerOptions {
  /** Its own: fetches and joins are held back by the broker. Closed when the consumer stops. */
  readonly link: KafkaLink;
  readonly farewellLink: KafkaLink;
  readonly patience: FarewellPatience;
  readonly topicName: string;
  /** Kafka's name of the group, null for a private reader. */
  readonly groupId: string | null;
  readonly partitions: number;
  readonly subscription: Subscription;
  readonly handlers: ConsumerHandlers;
  readonly bounds: KafkaLogBounds;
  readonly ends: Pick<PartitionEnds, 'known' | 'told' | 'doubt'>;
  readonly troubleOf: (what: string, topic: Topic) => TroubleLog;
  readonly onFailure: (failure: ConsumerFailure) => void;
  readonly onSilence: (silence: HandlerSilence) => void;
}

const noCommits: ReadonlyMap<number, number> = new Map();

export const startKafkaConsumer = (options: KafkaConsumerOptions): LogConsumer => {
  const { link, topicName, groupId, partitions, subscription, handlers, bounds, onFailure, onSilence } = options;
  const { topic, group, batchMax = batchRecordsMax } = subscription;
  const seats = new Map<number, Seat>();
  /** Commits of partitions that were let go of a moment ago. */
  let partingCommits = new Map<number, number>();
  const releasing = new Map<number, Promise<void>>();
  let stopping: Promise<void> | undefined;

  const fetcher = createSeatFetcher({
    link,
    topic,
    topicName,
    seats: () => seats.values(),
    bounds,
    ends: options.ends,
    trouble: options.troubleOf('Reading from Kafka', topic),
  });

  const take = (partition: number, committed: number | undefined): void => {
    const seat = createSeat({
      topic,
      group,
      partition,
      committed,
      handlers,
      batchMax,
      readAheadBytesMax: bounds.readAheadBytesMax,
      handlerSilenceMsMax: bounds.handlerSilenceMsMax,
      onHungry: fetcher.wake,
      onFailure,
      onSilence,
    });
    seats.set(partition, seat);
  };

  const letGo = (seat: Seat, told: boolean): void => {
    const { partition } = seat;
    const released = seat.release(told).then((): void => {
      const commit = seat.takeCommit();
      if (commit !== undefined) partingCommits.set(partition, commit);
      seats.delete(partition);
      releasing.delete(partition);
    });
    releasing.set(partition, released);
  };

  const host: GroupHost = {
    owned: () => [...seats.keys()],
    newAmong: (assigned) => (stopping ? [] : assigned.filter((partition) => !seats.has(partition))),
    settle: async (assigned, committed) => {
      partingCommits = new Map();
      for (const partition of host.newAmong(assigned)) take(partition, committed.get(partition));
      for (const seat of seats.values()) {
        if (!assigned.includes(seat.partition) && !releasing.has(seat.partition)) letGo(seat, true);
      }
      const going = [...releasing.values()];
      await Promise.all(going);
      return going.length > 0;
    },
    takeCommits: () => {
      const commits = [...partingCommits].map(([partition, next]) => ({ partition, next }));
      partingCommits = new Map();
      for (const seat of seats.values()) {
        const next = seat.takeCommit();
        if (next !== undefined) commits.push({ partition: seat.partition, next });
      }
      return commits;
    },
    returnCommits: (commits) => {
      for (const { partition, next } of commits) {
        const seat = seats.get(partition);
        if (seat) seat.returnCommit(next);
        else partingCommits.set(partition, next);
      }
    },
  };

  const membership =
    groupId === null
      ? undefined
      : joinGroup({
          link,
          farewellLink: options.farewellLink,
          patience: options.patience,
          groupId,
          topicName,
          partitions,
          host,
          bounds,
          trouble: options.troubleOf('The place in the consumer group', topic),
        });
  if (!membership) {
    const all = Array.from({ length: partitions }, (_, partition) => partition);
    void host.settle(all, noCommits);
  }

  const stop = async (): Promise<void> => {
    for (const seat of seats.values()) if (!releasing.has(seat.partition)) letGo(seat, false);
    await Promise.all(releasing.values());
    fetcher.stop();
    await membership?.leave();
    await link.close();
  };
  const held = (partition: number): Seat | undefined => seats.get(partition);

  return {
    commit: (partition, next) => held(partition)?.commit(next),
    pause: (partition) => held(partition)?.pause(),
    resume: (partition) => held(partition)?.resume(),
    stop: () => {
      stopping ??= Promise.resolve().then(stop);
      return stopping;
    },
  };
};
