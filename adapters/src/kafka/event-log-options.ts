import type { Clock, Logger, NewId, Topic } from '@hindcast/domain';
import type { ConsumerGroupsOptions } from '@hindcast/domain/in-memory';
import type { ISocketFactory, KafkaConfig, SASLOptions } from 'kafkajs';

/** Bounds of everything that could grow or last. Durations are ms. */
export interface KafkaLogBounds {
  /** Records and bytes that may wait to be sent; what comes beyond is refused with `unavailable`. */
  readonly queueRecordsMax: number;
  readonly queueBytesMax: number;
  /** Of one partition in one produce request. A larger record goes alone. */
  readonly sendRecordsMax: number;
  readonly sendBytesMax: number;
  /** A record that was not acknowledged for so long is not sent again. */
  readonly appendTimeoutMs: number;
  /** Of one request, and of one connection attempt. */
  readonly requestTimeoutMs: number;
  readonly connectTimeoutMs: number;
  /** How long `open`, `read` and `bounds` try again while Kafka does not answer. */
  readonly callTimeoutMs: number;
  /** How long `bounds` and the beginning of a `read` do for a request: somebody waits for the answer. */
  readonly requestReadTimeoutMs: number;
  /** How long the broker may hold a fetch when there is nothing new. */
  readonly fetchWaitMsMax: number;
  /** The same for one that asks for all partitions there are, of which nothing came for some time. */
  readonly fetchIdleWaitMsMax: number;
  readonly fetchPartitionBytesMax: number;
  readonly fetchBytesMax: number;
  /** Bytes of a partition that wait for its handler before no more of it is fetched. */
  readonly readAheadBytesMax: number;
  /** A handler that did not return for so long is told of, and no longer waited for where its partition goes. */
  readonly handlerSilenceMsMax: number;
  readonly sessionTimeoutMs: number;
  readonly rebalanceTimeoutMs: number;
  /** Also how often offsets are committed. */
  readonly heartbeatMs: number;
}

export const defaultKafkaLogBounds: KafkaLogBounds = {
  queueRecordsMax: 50_000,
  queueBytesMax: 64 * 1_048_576,
  sendRecordsMax: 5_000,
  sendBytesMax: 1_048_576,
  appendTimeoutMs: 10_000,
  requestTimeoutMs: 10_000,
  connectTimeoutMs: 2_000,
  callTimeoutMs: 20_000,
  requestReadTimeoutMs: 3_000,
  fetchWaitMsMax: 250,
  fetchIdleWaitMsMax: 1_000,
  fetchPartitionBytesMax: 1_048_576,
  fetchBytesMax: 8 * 1_048_576,
  readAheadBytesMax: 1_048_576,
  handlerSilenceMsMax: 120_000,
  sessionTimeoutMs: 45_000,
  rebalanceTimeoutMs: 60_000,
  heartbeatMs: 1_000,
};

export interface LogIdentity {
  readonly logId: string;
  readonly epoch: number;
}

/** How to reach Kafka. */
export interface KafkaAddress {
  /** `host:port` of some of the brokers. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  readonly ssl?: KafkaConfig['ssl'];
  readonly sasl?: SASLOptions;
  /** How a connection is made, where that needs a tunnel or a proxy. */
  readonly dial?: ISocketFactory;
}

/** What the topics must be like. */
export interface KafkaTopicWishes {
  /** Of topics that the log does not have yet; a topic keeps the count that it was made with. */
  readonly partitions: Readonly<Record<Topic, number>>;
  readonly replicationFactor: number;
  readonly minInsyncReplicas: number;
}

export interface KafkaEventLogOptions
  extends KafkaAddress,
    KafkaTopicWishes,
    Partial<KafkaLogBounds>,
    Pick<ConsumerGroupsOptions, 'onConsumerFailure'> {
  /** Put before the names of topics and groups, so that one Kafka can hold several logs. */
  readonly topicPrefix?: string;
  readonly compression?: 'none' | 'gzip';
  /**
   * Called before anything is made: topics, and the records that they begin with. Nothing is made where it rejects.
   * `log`: undefined where the log has yet to begin.
   */
  readonly beforeMade?: (log: LogIdentity | undefined) => Promise<void>;
  readonly now: Clock;
  readonly newId: NewId;
  readonly logger: Logger;
}
