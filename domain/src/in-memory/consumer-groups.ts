import type { ConsumerHandlers, LogConsumer, Subscription, Topic } from '../event-log.ts';
import { type ConsumerFailure, createSeat, type LogSource, type Member, type Seat } from './consumer-groups-seat.ts';

/** Records of one batch, unless the subscription says otherwise. */
export const batchRecordsMax = 500;

export interface ConsumerGroupsOptions {
  readonly source: LogSource;
  /** Told of every failure of a handler; the records come again whatever it does. */
  readonly onConsumerFailure?: ((failure: ConsumerFailure) => void) | undefined;
}

/** Consumption inside one process: nothing polls, appends wake the partitions they wrote to. */
export interface ConsumerGroups {
  join(subscription: Subscription, handlers: ConsumerHandlers): LogConsumer;
  /** The end of the partition has moved. */
  wake(topic: Topic, partition: number): void;
  /** Stops every consumer. */
  stop(): Promise<void>;
}

interface Group {
  readonly seats: readonly Seat[];
  readonly members: Member[];
}

/**
 * Deals the partitions out evenly. A member keeps what it has up to its share, so that a rebalance moves as few
 * partitions as it can.
 */
const share = ({ seats, members }: Group): (Member | undefined)[] => {
  const room = new Map<Member, number>();
  for (const [i, member] of members.entries()) {
    room.set(member, Math.floor((seats.length + members.length - 1 - i) / members.length));
  }
  const take = (member: Member | undefined): boolean => {
    const free = member ? (room.get(member) ?? 0) : 0;
    if (member && free > 0) room.set(member, free - 1);
    return free > 0;
  };
  const kept = seats.map((seat) => (take(seat.holder()) ? seat.holder() : undefined));
  return kept.map((member) => member ?? members.find(take));
};

export const createConsumerGroups = ({ source, onConsumerFailure }: ConsumerGroupsOptions): ConsumerGroups => {
  const byTopic = new Map<Topic, Map<string | symbol, Group>>();
  const consumers = new Set<LogConsumer>();

  const tellHandedOut = (topic: Topic, partition: number): void => {
    if (!source.handedOut) return;
    let before = Number.POSITIVE_INFINITY;
    for (const { seats } of byTopic.get(topic)?.values() ?? []) {
      before = Math.min(before, seats[partition]?.next() ?? before);
    }
    if (before < Number.POSITIVE_INFINITY) source.handedOut(topic, partition, before);
  };

  const groupOf = (topic: Topic, name: string | null, key: string | symbol): Group => {
    const groups = byTopic.get(topic) ?? new Map<string | symbol, Group>();
    byTopic.set(topic, groups);
    const known = groups.get(key);
    if (known) return known;
    const seats = Array.from({ length: source.partitions(topic) }, (_, partition) =>
      createSeat({
        topic,
        group: name,
        partition,
        source,
        onFailure: (failure) => onConsumerFailure?.(failure),
        onProgress: () => tellHandedOut(topic, partition),
      }),
    );
    const group: Group = { seats, members: [] };
    groups.set(key, group);
    return group;
  };

  const rebalance = async (group: Group): Promise<void> => {
    const holders = share(group);
    await Promise.all(group.seats.map((seat, partition) => seat.give(holders[partition])));
  };

  const join = ({ topic, group: name, batchMax = batchRecordsMax }: Subscription, handlers: ConsumerHandlers) => {
    const key = name ?? Symbol('private reader');
    const group = groupOf(topic, name, key);
    const member: Member = { handlers, batchMax, stopping: false };
    group.members.push(member);
    void rebalance(group);

    const leave = async (): Promise<void> => {
      member.stopping = true;
      group.members.splice(group.members.indexOf(member), 1);
      await rebalance(group);
      if (group.members.length === 0) byTopic.get(topic)?.delete(key);
      consumers.delete(consumer);
    };
    let leaving: Promise<void> | undefined;
    const consumer: LogConsumer = {
      commit: (partition, next) => group.seats[partition]?.commit(member, next),
      pause: (partition) => group.seats[partition]?.pause(member),
      resume: (partition) => group.seats[partition]?.resume(member),
      stop: () => {
        leaving ??= leave();
        return leaving;
      },
    };
    consumers.add(consumer);
    return consumer;
  };

  return {
    join,
    wake: (topic, partition) => {
      const groups = byTopic.get(topic);
      if (groups) for (const group of groups.values()) group.seats[partition]?.wake();
    },
    stop: async () => {
      await Promise.all([...consumers].map((consumer) => consumer.stop()));
    },
  };
};
