import { type EventLog, LogError, TOPICS, type Topic } from '@hindcast/domain';
import type { ConsumerFailure, LocalEventLog } from '@hindcast/domain/in-memory';
import kafkajs from 'kafkajs';
import { type AppendQueue, createAppendQueue } from './append-queue.ts';
import { type AppendSender, createAppendSender } from './append-sender.ts';
import { withDeadline } from './deadline.ts';
import { findTopics, makeTopics } from './ensure-topics.ts';
import {
  defaultKafkaLogBounds,
  type KafkaEventLogOptions,
  type KafkaLogBounds,
  type LogIdentity,
} from './event-log-options.ts';
import { createFarewellPatience, type FarewellPatience } from './farewell-patience.ts';
import { useFastGzip } from './gzip-codec.ts';
import { createHurry, type Hurry } from './hurry.ts';
import { startKafkaConsumer } from './kafka-consumer.ts';
import { type KafkaLink, openKafkaLink } from './kafka-link.ts';
import { establishIdentity, unlessMadeMeanwhile } from './log-identity.ts';
import { createLogReading, type LogReading } from './log-reading.ts';
import { createPartitionEnds, tellingEnds } from './partition-ends.ts';
import { createTroubleLog } from './trouble-log.ts';

const allTopics: readonly Topic[] = Object.values(TOPICS);

/** The parts of an open log. Each link is a set of connections: what one of them waits for holds up no other. */
interface Parts {
  readonly options: KafkaEventLogOptions;
  readonly bounds: KafkaLogBounds;
  readonly nameOf: (topic: Topic) => string;
  readonly newLink: () => KafkaLink;
  readonly appendLink: KafkaLink;
  readonly readLink: KafkaLink;
  readonly reading: LogReading;
  readonly patience: FarewellPatience;
  readonly hurry: Hurry;
}

const assemble = (options: KafkaEventLogOptions): Parts => {
  const bounds = { ...defaultKafkaLogBounds, ...options };
  const nameOf = (topic: Topic): string => `${options.topicPrefix ?? ''}${topic}`;
  const newLink = () => openKafkaLink({ ...options, ...bounds, topics: allTopics.map(nameOf) });
  const readLink = newLink();
  const patience = createFarewellPatience();
  const hurry = createHurry(patience);
  const reading = createLogReading({ link: readLink, nameOf, bounds, hurry });
  return { options, bounds, nameOf, newLink, appendLink: newLink(), readLink, reading, patience, hurry };
};

const prepareTopics = async ({ options, nameOf, reading, readLink }: Parts): Promise<ReadonlyMap<Topic, number>> => {
  const wanted = allTopics.map((topic) => ({ name: nameOf(topic), partitions: options.partitions[topic] }));
  const admin = readLink.admin();
  const find = () =>
    reading.persist('show its topics', () => admin.connect().then(() => findTopics(admin, wanted, options)));
  try {
    let found = await find();
    if (found.missing.length > 0) {
      await unlessMadeMeanwhile(
        () => options.beforeMade?.(undefined),
        async () => (await find()).missing.length === 0,
      );
      found = await find();
    }
    const counts = await reading.persist('make its topics', () => makeTopics(admin, found, options));
    return new Map(allTopics.map((topic) => [topic, counts.get(nameOf(topic)) ?? 0]));
  } finally {
    await admin.disconnect();
  }
};

export interface KafkaEventLog extends LocalEventLog {
  /** For requests: somebody waits, and rather has no answer soon. What works by itself has time, and reads the log. */
  readonly requestReads: Pick<EventLog, 'read' | 'bounds'>;
  /** Resolves when a topic is no longer the one that was opened: nothing is appended any more. */
  readonly lost: Promise<LogError>;
  /** Said before the parts of a process are stopped: from then on nothing waits long for a Kafka that does not answer. */
  hurry(): void;
}

/**
 * The log on Kafka. Creates the topics of a log that has yet to begin. Rejects with `unavailable` where Kafka does not answer in time,
 * with `misconfigured` where a topic could lose records, with `foreign_log` where it is not one whole log of ours.
 */
export const openKafkaEventLog = async (options: KafkaEventLogOptions): Promise<KafkaEventLog> => {
  if (options.compression === 'gzip') useFastGzip();
  const parts = assemble(options);
  try {
    const partitions = await prepareTopics(parts);
    return await serve(parts, partitions);
  } catch (error) {
    await Promise.all([parts.appendLink.close(), parts.readLink.close()]);
    throw error;
  }
};

const serve = async (parts: Parts, partitions: ReadonlyMap<Topic, number>): Promise<KafkaEventLog> => {
  const { options, bounds, nameOf, newLink, appendLink, readLink, patience, hurry } = parts;
  const { logger, now, newId, beforeMade } = options;
  let identity: LogIdentity = { logId: '', epoch: 0 };
  const consumers = new Set<{ stop(): Promise<void> }>();
  let stopping: Promise<void> | undefined;

  const queue: AppendQueue = createAppendQueue(partitions, bounds, () => sender.poke());
  const ends = createPartitionEnds({
    partitions,
    nameOf,
    look: async (topic, count) => {
      await withDeadline(bounds.callTimeoutMs, readLink.recover(undefined));
      const there = readLink.partitionsOf(nameOf(topic));
      return parts.reading.offsets(topic, there > 0 ? Math.min(there, count) : count);
    },
  });
  const reading = tellingEnds(parts.reading, ends);
  const sender: AppendSender = createAppendSender({
    link: appendLink,
    queue,
    nameOf,
    epoch: () => identity.epoch,
    compression: options.compression === 'gzip' ? kafkajs.CompressionTypes.GZIP : kafkajs.CompressionTypes.None,
    bounds,
    now,
    trouble: createTroubleLog(logger, 'Writing to Kafka'),
    ends,
  });
  await reading.persist('show its brokers', () => appendLink.prepare());
  identity = await establishIdentity({ reading, partitions, append: queue.append, now, newId, beforeMade });
  ends.begin();

  const countOf = (topic: Topic): number => {
    const count = partitions.get(topic);
    if (count === undefined) throw new RangeError(`The log has no topic ${topic}.`);
    return count;
  };
  const onFailure = (failure: ConsumerFailure): void => {
    const { error, ...where } = failure;
    logger.warn({ ...where, err: error }, 'The handling of records failed, and is tried again.');
    options.onConsumerFailure?.(failure);
  };

  const refuseWhenStopped = (): void => {
    if (stopping) throw new LogError('stopped', 'The log is closed.');
  };
  const consume: EventLog['consume'] = async (subscription, handlers) => {
    const { topic, group } = subscription;
    const topicName = nameOf(topic);
    const count = countOf(topic);
    const link = newLink();
    try {
      refuseWhenStopped();
      await reading.persist('show its brokers', () => link.prepare());
      refuseWhenStopped();
    } catch (error) {
      await link.close();
      throw error;
    }
    const consumer = startKafkaConsumer({
      link,
      farewellLink: readLink,
      patience,
      topicName,
      groupId: group === null ? null : `${options.topicPrefix ?? ''}${group}.${topic}`,
      partitions: count,
      subscription,
      handlers,
      bounds,
      ends,
      troubleOf: (what) => createTroubleLog(logger, what, { topic, group }),
      onFailure,
      onSilence: (silence) =>
        logger.error(
          { topic, group, ...silence },
          'A handler of records has not returned: until it does, its partition stands still.',
        ),
    });
    const stop = () => consumer.stop().finally(() => consumers.delete(running));
    const running = { ...consumer, stop };
    consumers.add(running);
    return running;
  };

  const close = async (): Promise<void> => {
    ends.stop();
    hurry.begin();
    await Promise.all([...consumers].map((consumer) => consumer.stop()));
    await sender.drained();
    await Promise.all([appendLink.close(), readLink.close()]);
  };

  const readsWithin = (patienceMs: number): Pick<EventLog, 'read' | 'bounds'> => ({
    read: async function* ({ topic, partition, from, to }) {
      const range = (await reading.offsets(topic, countOf(topic), patienceMs))[partition];
      if (!range) throw new RangeError(`The topic ${topic} has no partition ${partition}.`);
      const end = Math.min(to ?? range.end, range.end);
      yield* reading.pages(topic, partition, Math.max(0, from), end, patienceMs);
    },
    bounds: async (topic) => {
      const ranges = await reading.offsets(topic, countOf(topic), patienceMs);
      return ranges.map((range, partition) => ({ ...identity, partition, ...range }));
    },
  });

  return {
    ...readsWithin(bounds.callTimeoutMs),
    requestReads: readsWithin(bounds.requestReadTimeoutMs),
    append: async (topic, records) => {
      if (stopping) return records.map(() => ({ ok: false, error: new LogError('stopped', 'The log is closed.') }));
      return queue.append(topic, records);
    },
    lost: ends.lost,
    hurry: hurry.begin,
    consume,
    stop: () => {
      stopping ??= close();
      return stopping;
    },
  };
};
