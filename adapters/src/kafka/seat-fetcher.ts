import type { Topic } from '@hindcast/domain';
import type { KafkaLogBounds } from './event-log-options.ts';
import { failureOf } from './kafka-failure.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { PartitionEnds } from './partition-ends.ts';
import type { Seat } from './partition-seat.ts';
import { backOffMs, createPauses } from './pauses.ts';
import type { FetchResponse } from './record-decoding.ts';
import type { TroubleLog } from './trouble-log.ts';

const retryMsMin = 100;
const retryMsMax = 5_000;
/** The first of the growing waits where a partition that has more is left out because its handler is behind. */
const fetchWaitMsMin = 8;
/** Kafka's name of a fetch from behind the end, or from before the beginning. */
const outOfRange = 'OFFSET_OUT_OF_RANGE';
/** Of a topic that is being moved or deleted, or was made anew with fewer partitions. */
const noSuchPartition = 'UNKNOWN_TOPIC_OR_PARTITION';

export interface SeatFetcherOptions {
  readonly link: KafkaLink;
  readonly topic: Topic;
  /** Kafka's name of it. */
  readonly topicName: string;
  readonly seats: () => Iterable<Seat>;
  readonly bounds: KafkaLogBounds;
  readonly ends: Pick<PartitionEnds, 'known' | 'told' | 'doubt'>;
  readonly trouble: TroubleLog;
}

export interface SeatFetcher {
  /** A seat wants records. */
  wake(): void;
  stop(): void;
}

/** Fetches for all seats of a consumer: one request at a time from each broker, none while no seat wants records. */
export const createSeatFetcher = (options: SeatFetcherOptions): SeatFetcher => {
  const { link, topic, topicName, seats, bounds, ends, trouble } = options;
  const pauses = createPauses();
  const fetching = new Set<string>();
  let stopped = false;
  let failures = 0;

  const fetch = async (broker: string, from: readonly Seat[], waitMs: number): Promise<boolean> => {
    const asked = new Map(
      from.map((seat) => {
        const { partition } = seat;
        return [partition, { seat, offset: seat.fetchFrom(), known: ends.known(topic, partition) }];
      }),
    );
    const partitions = [...asked].map(([partition, { offset }]) => ({
      partition,
      fetchOffset: String(offset),
      maxBytes: bounds.fetchPartitionBytesMax,
    }));
    const request = {
      maxWaitTime: waitMs,
      minBytes: 1,
      maxBytes: bounds.fetchBytesMax,
      topics: [{ topic: topicName, partitions }],
    };
    const response = await link.ask<FetchResponse>(broker, (leader) => leader.fetch(request), waitMs);
    let some = false;
    for (const { partition, highWatermark, messages } of response.responses.flatMap((of) => of.partitions)) {
      const asking = asked.get(partition);
      if (!asking) continue;
      ends.told(topic, partition, Number(highWatermark), asking.known);
      asking.seat.accept(asking.offset, messages, Number(highWatermark));
      some ||= messages.length > 0;
    }
    return some;
  };

  /** What no later request will mend belongs to one partition: only that one has to wait. */
  const fetchAlone = async (broker: string, wanting: readonly Seat[]): Promise<void> => {
    for (const seat of wanting) {
      try {
        await fetch(broker, [seat], 0);
      } catch (error) {
        const { passing, type } = failureOf(error);
        if (passing) throw error;
        if (type === outOfRange) ends.doubt(topic);
        seat.refuse(error);
      }
    }
  };

  const wantingOf = (broker: string) => {
    const led = [...seats()].filter(({ partition }) => link.leaderOf(topicName, partition) === broker);
    const wanting = led.filter((seat) => seat.wantsRecords());
    return { wanting, someFull: led.some((seat) => seat.isFull()), isOfAll: wanting.length === led.length };
  };
  /** What is left out waits until the fetch is back. Where nothing is left out each one that finds nothing may last longer. */
  const waitMsOf = ({ someFull, isOfAll }: ReturnType<typeof wantingOf>, empty: number): number => {
    if (someFull) return backOffMs(empty + 1, fetchWaitMsMin, bounds.fetchWaitMsMax);
    return isOfAll ? backOffMs(empty + 1, bounds.fetchWaitMsMax, bounds.fetchIdleWaitMsMax) : bounds.fetchWaitMsMax;
  };

  const loop = async (broker: string): Promise<void> => {
    let empty = 0;
    while (!stopped) {
      const of = wantingOf(broker);
      const { wanting } = of;
      if (wanting.length === 0) break;
      try {
        empty = (await fetch(broker, wanting, waitMsOf(of, empty))) ? 0 : empty + 1;
        failures = 0;
        trouble.over();
      } catch (error) {
        if (stopped) break;
        if (!failureOf(error).passing) {
          await fetchAlone(broker, wanting).catch(link.recover);
          continue;
        }
        if (failureOf(error).type === noSuchPartition) ends.doubt(topic);
        failures += 1;
        trouble.failed(error);
        await link.recover(error);
        await pauses.pause(backOffMs(failures, retryMsMin, retryMsMax));
        break;
      }
    }
    fetching.delete(broker);
    if (!stopped) wake();
  };

  const wake = (): void => {
    if (stopped) return;
    for (const seat of seats()) {
      if (!seat.wantsRecords()) continue;
      const broker = link.leaderOf(topicName, seat.partition);
      if (fetching.has(broker)) continue;
      fetching.add(broker);
      void loop(broker);
    }
  };

  return {
    wake,
    stop: () => {
      stopped = true;
      pauses.wake();
    },
  };
};
