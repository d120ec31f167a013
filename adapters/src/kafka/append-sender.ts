import { type AppendOutcome, LogError, type Topic } from '@hindcast/domain';
import type { CompressionTypes, Message } from 'kafkajs';
import type { AppendLane, AppendQueue } from './append-queue.ts';
import { askToProduce, type ProduceAnswer, refusalOfPartition, type StoredBatch } from './ask-to-produce.ts';
import { withDeadline } from './deadline.ts';
import type { KafkaLogBounds } from './event-log-options.ts';
import { failureOf } from './kafka-failure.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { PartitionEnds } from './partition-ends.ts';
import { backOffMs } from './pauses.ts';
import type { TroubleLog } from './trouble-log.ts';

const retryMsMin = 50;
const retryMsMax = 1_000;
const acksOfAllInSync = -1;

export interface AppendSenderOptions {
  readonly link: KafkaLink;
  readonly queue: AppendQueue;
  readonly nameOf: (topic: Topic) => string;
  readonly epoch: () => number;
  readonly compression: CompressionTypes;
  readonly bounds: KafkaLogBounds;
  readonly now: () => number;
  readonly trouble: TroubleLog;
  readonly ends: Pick<PartitionEnds, 'known' | 'stored' | 'failure'>;
}

/** Moves records from the queue to Kafka. */
export interface AppendSender {
  /** There may be something to send. */
  poke(): void;
  /** Resolves when every record that was appended has its outcome, or is too old to be sent again. */
  drained(): Promise<void>;
}

/**
 * One request at a time to each broker, and one batch at a time of each partition: what is appended while a request is
 * under way makes the next one. kafkajs's idempotent producer is not used. When an answer is lost it takes its sequence
 * numbers back, and the broker then takes the next records for repeats: they are acknowledged and never written. Without
 * it a lost answer means that records are written twice, in order, which the fold ignores.
 */
export const createAppendSender = (options: AppendSenderOptions): AppendSender => {
  const { link, queue, nameOf, bounds, trouble, ends } = options;
  const busy = new Set<string>();
  let poked = false;
  let retryTimer: NodeJS.Timeout | undefined;
  let onDrained: (() => void)[] = [];

  const refuse = (lane: AppendLane, count: number, error: LogError): void =>
    queue.settle(lane, count, () => ({ ok: false, error }));
  const unavailable = (lane: AppendLane, count: number, detail: string, cause?: unknown): void => {
    refuse(lane, count, new LogError('unavailable', `Kafka did not take the records: ${detail}.`, { cause }));
  };

  const expire = (lane: AppendLane, at: number): void => {
    const live = lane.queued.findIndex(({ expiresAt }) => expiresAt > at);
    const count = live < 0 ? lane.queued.length : live;
    if (count > 0) unavailable(lane, count, `no acknowledgement within ${bounds.appendTimeoutMs} ms`);
  };

  const fill = (lane: AppendLane): void => {
    let bytes = 0;
    lane.endThen = ends.known(lane.topic, lane.partition);
    const most = Math.min(lane.queued.length, bounds.sendRecordsMax);
    for (lane.sending = 0; lane.sending < most; lane.sending++) {
      bytes += lane.queued[lane.sending]?.bytes ?? 0;
      if (bytes > bounds.sendBytesMax && lane.sending > 0) break;
    }
  };

  const requestOf = (lanes: readonly AppendLane[]) => {
    const topics = new Map<Topic, { partition: number; messages: Message[] }[]>();
    for (const { topic, partition, queued, sending } of lanes) {
      const partitions = topics.get(topic) ?? [];
      topics.set(topic, partitions);
      partitions.push({ partition, messages: queued.slice(0, sending).map(({ record }) => record) });
    }
    const topicData = [...topics].map(([topic, partitions]) => ({ topic: nameOf(topic), partitions }));
    const { requestTimeoutMs } = bounds;
    return { acks: acksOfAllInSync, timeout: requestTimeoutMs, compression: options.compression, topicData };
  };

  const settle = (lane: AppendLane, stored: StoredBatch): void => {
    const { partition, sending } = lane;
    const first = Number(stored.baseOffset);
    const failure = ends.failure();
    const at = Number(stored.logAppendTime);
    const appendedAt = at >= 0 ? at : options.now();
    const epoch = options.epoch();
    lane.sending = 0;
    lane.failures = 0;
    lane.alone = false;
    if (failure) {
      refuse(lane, sending, failure);
      return;
    }
    queue.settle(
      lane,
      sending,
      (index): AppendOutcome => ({ ok: true, position: { epoch, partition, offset: first + index }, appendedAt }),
    );
  };

  /**
   * Each partition by its own answer: one that refuses holds up none of the others. But where one of them shows that its topic
   * is not the one that it was, nothing is acknowledged.
   */
  const settleAll = async (lanes: readonly AppendLane[], answer: ProduceAnswer): Promise<void> => {
    const refused: { readonly lane: AppendLane; readonly error: Error }[] = [];
    const settled: { readonly lane: AppendLane; readonly stored: StoredBatch }[] = [];
    for (const lane of lanes) {
      const { topic, partition, sending, endThen } = lane;
      const stored = answer.topics
        .find(({ topicName }) => topicName === nameOf(topic))
        ?.partitions.find((one) => one.partition === partition);
      if (!stored) refused.push({ lane, error: new Error(`Kafka's answer says nothing of partition ${partition}.`) });
      else if (stored.errorCode !== 0) refused.push({ lane, error: refusalOfPartition(stored.errorCode) });
      else {
        ends.stored(topic, partition, Number(stored.baseOffset), sending, endThen);
        settled.push({ lane, stored });
      }
    }
    for (const { lane, stored } of settled) settle(lane, stored);
    if (refused[0]) await link.recover(refused[0].error);
    for (const { lane, error } of refused) putOff([lane], error);
    if (queue.lanes.every(({ failures }) => failures === 0)) trouble.over();
  };

  /** The records stay in front, so that nothing overtakes them. */
  const putOff = (lanes: readonly AppendLane[], error: unknown): void => {
    const { passing, message } = failureOf(error);
    trouble.failed(error);
    for (const lane of lanes) {
      const guilty = !passing && lanes.length === 1;
      if (guilty) unavailable(lane, lane.sending, message, error);
      lane.sending = 0;
      lane.alone = !passing && !guilty;
      if (guilty) continue;
      lane.failures += 1;
      lane.notBefore = performance.now() + backOffMs(lane.failures, retryMsMin, retryMsMax);
    }
  };

  const send = async (broker: string, lanes: readonly AppendLane[]): Promise<void> => {
    busy.add(broker);
    for (const lane of lanes) fill(lane);
    try {
      const answer = await link.ask(broker, (leader) => askToProduce(leader, requestOf(lanes)));
      await settleAll(lanes, answer);
    } catch (error) {
      await link.recover(error);
      putOff(lanes, error);
    }
    busy.delete(broker);
    run();
  };

  const run = (): void => {
    poked = false;
    const at = performance.now();
    const failure = ends.failure();
    const byBroker = new Map<string, AppendLane[]>();
    let retryAt = Number.POSITIVE_INFINITY;
    for (const lane of queue.lanes) {
      if (lane.sending > 0 || lane.queued.length === 0) continue;
      if (failure) refuse(lane, lane.queued.length, failure);
      expire(lane, at);
      const first = lane.queued[0];
      if (!first) continue;
      const broker = link.leaderOf(nameOf(lane.topic), lane.partition);
      if (lane.notBefore > at || busy.has(broker)) {
        retryAt = Math.min(retryAt, lane.notBefore > at ? lane.notBefore : first.expiresAt);
        continue;
      }
      const company = byBroker.get(broker);
      if (!company) byBroker.set(broker, [lane]);
      else if (!lane.alone && !company[0]?.alone) company.push(lane);
      else retryAt = Math.min(retryAt, first.expiresAt);
    }
    for (const [broker, lanes] of byBroker) void send(broker, lanes);
    clearTimeout(retryTimer);
    if (retryAt < Number.POSITIVE_INFINITY) retryTimer = setTimeout(run, Math.max(1, retryAt - at));
    if (queue.waiting() > 0) return;
    for (const done of onDrained) done();
    onDrained = [];
  };

  return {
    poke: () => {
      if (poked) return;
      poked = true;
      setImmediate(run);
    },
    drained: () => {
      const settled = new Promise<void>((resolve) => {
        onDrained.push(resolve);
        run();
      });
      return withDeadline(bounds.appendTimeoutMs, settled).catch(() => undefined);
    },
  };
};
