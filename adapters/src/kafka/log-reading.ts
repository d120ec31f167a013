import { LogError, type RecordedRecord, type Topic } from '@hindcast/domain';
import { withDeadline } from './deadline.ts';
import type { KafkaLogBounds } from './event-log-options.ts';
import type { Hurry } from './hurry.ts';
import { explained, failureOf, refusedAccess } from './kafka-failure.ts';
import type { KafkaLink } from './kafka-link.ts';
import { backOffMs } from './pauses.ts';
import { decodeMessage, type FetchResponse } from './record-decoding.ts';

const retryMsMin = 50;
const retryMsMax = 1_000;
/** With less time than that nothing is asked any more. */
const attemptMsMin = 20;
export const readPageRecordsMax = 500;
/** A broker gives the whole batch that has the wanted offset, however little is asked for (KIP-74). */
const oneBatchBytes = 1;

export interface LogReadingOptions {
  readonly link: KafkaLink;
  readonly nameOf: (topic: Topic) => string;
  readonly bounds: Pick<KafkaLogBounds, 'callTimeoutMs' | 'fetchPartitionBytesMax'>;
  readonly hurry?: Hurry;
}

export interface OffsetRange {
  readonly start: number;
  readonly end: number;
}

export interface LogReading {
  /** Asked once: to be tried again by whoever asks. */
  endOf(topic: Topic, partition: number): Promise<number>;
  /** Of each partition, by number. */
  offsets(topic: Topic, partitions: number, patienceMs?: number): Promise<readonly OffsetRange[]>;
  /** The record at the offset, which is before the end, and perhaps some that follow it, in order and without gaps. */
  fetch(topic: Topic, partition: number, offset: number): Promise<readonly RecordedRecord[]>;
  /** `patienceMs`: for the first of them. */
  pages(
    topic: Topic,
    partition: number,
    from: number,
    to: number,
    patienceMs?: number,
  ): AsyncGenerator<readonly RecordedRecord[]>;
  /** Tries again what may pass, for a while; then rejects with `unavailable`, at once with `misconfigured`, soon with `stopped` in a hurry. */
  persist<T>(what: string, attempt: () => Promise<T>, patienceMs?: number): Promise<T>;
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Reads without a group. The range of offsets is known before: nothing waits for what is not there yet. */
export const createLogReading = ({ link, nameOf, bounds, hurry }: LogReadingOptions): LogReading => {
  const keepTrying = async <T>(
    what: string,
    attempt: () => Promise<T>,
    patienceMs: number = bounds.callTimeoutMs,
  ): Promise<T> => {
    const endAt = performance.now() + patienceMs;
    const leftMs = () => endAt - performance.now();
    for (let failures = 1; ; failures++) {
      const asked = withDeadline(bounds.callTimeoutMs, attempt());
      try {
        return await withDeadline(leftMs(), asked);
      } catch (error) {
        if (error instanceof LogError || error instanceof RangeError) throw error;
        const refused = refusedAccess(error);
        if (refused !== undefined) throw new LogError('misconfigured', refused, { cause: error });
        const { passing } = failureOf(error);
        if (passing && leftMs() > attemptMsMin) {
          const mended = link.recover(error).then(() => pause(backOffMs(failures, retryMsMin, retryMsMax)));
          await withDeadline(leftMs(), mended).catch(() => undefined);
          if (leftMs() > attemptMsMin) continue;
        }
        // A request that nobody waits for any more may still tell that its connection is lost.
        void asked.catch(link.recover);
        throw new LogError('unavailable', `Kafka did not ${what}: ${explained(error)}`, { cause: error });
      }
    }
  };

  const persist: LogReading['persist'] = (...call) => {
    const tried = keepTrying(...call);
    return hurry?.bound(tried) ?? tried;
  };

  const endsOf = async (topic: Topic, partitions: readonly number[], fromBeginning: boolean) => {
    await link.prepare();
    const asked = partitions.map((partition) => ({ partition }));
    const [found] = await link.cluster.fetchTopicsOffset([{ topic: nameOf(topic), partitions: asked, fromBeginning }]);
    return partitions.map((partition) => {
      const offset = found?.partitions.find((one) => one.partition === partition)?.offset;
      if (offset === undefined) throw new Error(`Partition ${partition} has no leader.`);
      return Number(offset);
    });
  };

  const offsets = async (topic: Topic, count: number): Promise<readonly OffsetRange[]> => {
    const partitions = Array.from({ length: count }, (_, partition) => partition);
    const [starts, ends] = await Promise.all([endsOf(topic, partitions, true), endsOf(topic, partitions, false)]);
    return ends.map((end, partition) => ({ start: starts[partition] ?? 0, end }));
  };

  const fetch = async (
    topic: Topic,
    partition: number,
    from: number,
    maxBytes: number,
  ): Promise<readonly RecordedRecord[]> => {
    await link.prepare();
    const request = {
      maxWaitTime: 0,
      minBytes: 1,
      maxBytes,
      topics: [{ topic: nameOf(topic), partitions: [{ partition, fetchOffset: String(from), maxBytes }] }],
    };
    const leader = link.leaderOf(nameOf(topic), partition);
    const { responses } = await link.ask<FetchResponse>(leader, (broker) => broker.fetch(request));
    const messages = responses.flatMap((response) => response.partitions).flatMap((found) => found.messages);
    const records = messages
      .filter(({ offset }) => Number(offset) >= from)
      .map((message) => decodeMessage(topic, partition, message));
    for (const [i, { offset }] of records.entries()) {
      if (offset === from + i && !messages[i]?.isControlRecord) continue;
      throw new LogError('foreign_log', `${topic} partition ${partition} has no record at offset ${from + i}.`);
    }
    if (records.length === 0) throw new Error(`Partition ${partition} gave nothing at offset ${from}.`);
    return records;
  };

  return {
    persist,
    endOf: async (topic, partition) => (await endsOf(topic, [partition], false))[0] ?? 0,
    offsets: (topic, partitions, patienceMs) =>
      persist('say where the log ends', () => offsets(topic, partitions), patienceMs),
    fetch: (topic, partition, from) => persist('give records', () => fetch(topic, partition, from, oneBatchBytes)),
    pages: async function* (topic, partition, from, to, patienceMs) {
      let at = from;
      while (at < to) {
        const next = at;
        const patience = next === from ? patienceMs : undefined;
        const maxBytes = to - next === 1 ? oneBatchBytes : bounds.fetchPartitionBytesMax;
        const records = await persist('give records', () => fetch(topic, partition, next, maxBytes), patience);
        const wanted = Math.min(records.length, to - at);
        for (let i = 0; i < wanted; i += readPageRecordsMax) {
          yield records.slice(i, Math.min(i + readPageRecordsMax, wanted));
        }
        at += wanted;
      }
    },
  };
};
