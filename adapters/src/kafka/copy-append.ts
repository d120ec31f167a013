import { LogError, type RecordedRecord, type Topic } from '@hindcast/domain';
import type { Broker } from 'kafkajs';
import { failureOf } from './kafka-failure.ts';
import type { KafkaLink } from './kafka-link.ts';
import type { LogReading } from './log-reading.ts';

/** A request that kafkajs has and does not declare. */
interface NumberingBroker extends Broker {
  initProducerId(request: { readonly transactionTimeout: number }): Promise<{ readonly producerId: string }>;
}

interface ProduceAnswer {
  readonly topics: readonly { readonly partitions: readonly { readonly baseOffset: string }[] }[];
}

const acksOfAllInSync = -1;
/** Kafka counts sequences in 31 bits, and then from 0 again. */
const sequenceMask = 0x7fff_ffff;
const outOfStep: ReadonlySet<string | undefined> = new Set([
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
]);

/** A name for a writer, under which Kafka keeps count of what it wrote to each partition. */
export const newProducerId = async (link: KafkaLink, nodeId: string): Promise<string> => {
  const answer = await link.ask(nodeId, (broker) =>
    (broker as NumberingBroker).initProducerId({ transactionTimeout: 0 }),
  );
  return answer.producerId;
};

export interface CopyAppendOptions {
  readonly link: KafkaLink;
  readonly reading: LogReading;
  readonly nameOf: (topic: Topic) => string;
  readonly requestTimeoutMs: number;
}

export interface CopiedBatch {
  readonly topic: Topic;
  readonly partition: number;
  /** With the offsets that they must get, without a gap, and the times that they were stored at. */
  readonly records: readonly RecordedRecord[];
  /** Of all attempts at this copy, those of processes that were killed included. */
  readonly producerId: string;
}

/**
 * Appends records at the offsets that they have, or not at all. The sequence number of a batch is its first offset: while
 * Kafka remembers the writer it refuses a batch that does not continue the partition, and takes one that it has already
 * for what it is. So an answer that was lost, or a request of a killed process that arrives late, writes nothing twice.
 * That is not how kafkajs's own producer numbers, which loses records.
 */
export const appendCopied = async (options: CopyAppendOptions, batch: CopiedBatch): Promise<void> => {
  const { link, reading, nameOf, requestTimeoutMs } = options;
  const { topic, partition, records, producerId } = batch;
  const from = records[0]?.offset ?? 0;
  const to = from + records.length;
  const messages = records.map(({ key, value, headers, appendedAt }) => ({
    key,
    value,
    headers,
    timestamp: String(appendedAt),
  }));
  const request = {
    acks: acksOfAllInSync,
    timeout: requestTimeoutMs,
    // kafkajs takes a number or its text, and declares the number, which is too small for an id.
    producerId: producerId as unknown as number,
    producerEpoch: 0,
    topicData: [{ topic: nameOf(topic), partitions: [{ partition, firstSequence: from & sequenceMask, messages }] }],
  };

  const attempt = async (): Promise<void> => {
    const end = await reading.endOf(topic, partition);
    if (end === to) return;
    if (end !== from) throw elsewhere(topic, partition, `it ends at offset ${end}, and ${from} was expected`);
    const leader = link.leaderOf(nameOf(topic), partition);
    const answer = await link
      .ask<ProduceAnswer>(leader, (broker) => broker.produce(request))
      .catch((error: unknown) => {
        // Something came in between; the next look at the end says what.
        throw outOfStep.has(failureOf(error).type) ? new Error('The partition has moved on.') : error;
      });
    const at = Number(answer.topics[0]?.partitions[0]?.baseOffset);
    if (at !== from) throw elsewhere(topic, partition, `offset ${from} became ${at}`);
  };
  await reading.persist('take records', attempt);
};

const elsewhere = (topic: Topic, partition: number, what: string): LogError =>
  new LogError('foreign_log', `Somebody else writes to partition ${partition} of topic ${topic}: ${what}.`);
