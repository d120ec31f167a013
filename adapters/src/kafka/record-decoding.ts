import type { RecordedRecord, Topic } from '@hindcast/domain';

/** A record as kafkajs decodes it. Others may write to a topic what we never would. */
export interface FetchedMessage {
  readonly offset: string;
  /** ms since 1970, by what its batch says: the time of the broker, or, where a log was copied, that of each record. */
  readonly timestamp: string;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, Buffer | null | readonly (Buffer | null)[]>>;
  readonly isControlRecord: boolean;
}

export interface FetchResponse {
  readonly responses: readonly {
    readonly topicName: string;
    readonly partitions: readonly {
      readonly partition: number;
      readonly highWatermark: string;
      readonly messages: readonly FetchedMessage[];
    }[];
  }[];
}

/** Bytes that are no UTF-8 become U+FFFD: such a record is then found undecodable, where the original is kept. */
const textOf = (bytes: Buffer | null | undefined): string => bytes?.toString('utf8') ?? '';

export const decodeMessage = (topic: Topic, partition: number, message: FetchedMessage): RecordedRecord => {
  const headers: Record<string, string> = {};
  for (const name in message.headers) {
    const value = message.headers[name];
    headers[name] = textOf(Array.isArray(value) ? (value as readonly (Buffer | null)[])[0] : (value as Buffer | null));
  }
  return {
    key: textOf(message.key),
    value: textOf(message.value),
    headers,
    topic,
    partition,
    offset: Number(message.offset),
    appendedAt: Number(message.timestamp),
  };
};
